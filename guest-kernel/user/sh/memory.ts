/**
 * Memory discipline. asc's minimal runtime collects only when told to, and sees globals, not the stack. The shell collects
 * between commands, once it has made enough garbage; what a running command still needs then is held here, or in a global
 * chain of frames. Nothing else that lives on the stack may be used behind a call that evaluates commands.
 */
import { Bytes } from "../../lib/bytes";
import { Node } from "./ast";
import { Parser } from "./parser";

/** Bytes that may be allocated, as told to `spend`, before a collection. */
const LIMIT: i32 = 4 << 20;
let spent: i32 = 0;

const nodes: Node[] = [];
const parsers: Parser[] = [];
const lists: Bytes[][] = [];

/** A tree that is evaluated; everything below it is held with it. */
export function holdNode(n: Node): void {
  nodes.push(n);
}
export function releaseNode(): void {
  nodes.pop();
}
export function holdParser(p: Parser): void {
  parsers.push(p);
}
export function releaseParser(): void {
  parsers.pop();
}
/** The words of a `for`, the parameters outside a function. */
export function holdList(list: Bytes[]): void {
  lists.push(list);
}
export function releaseList(): void {
  lists.pop();
}

/** An estimate of what has been allocated. */
export function spend(bytes: i32): void {
  spent += bytes;
}

/** Between two commands. */
export function safePoint(): void {
  if (spent < LIMIT) return;
  spent = 0;
  __collect();
}
