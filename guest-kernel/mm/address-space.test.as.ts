/** What address-space.test.ts drives: spaces by number, pages by number from BASE on, one u32 in each page. */
import { failed } from "../lib/result";
import { AddressSpace, MMAP_TOP } from "./address-space";
import { PAGE_SIZE, framesInit, freeFrames } from "./frames";
import { SharedAnon } from "./shared-anon";
import { UserBuf } from "./user-buf";
import { Vma } from "./vma";

const PAGES: usize = 2048;
const arena = memory.data(2049 * 4096, 4096);
const scratch = memory.data(8, 8);
const BASE: u64 = 0x10_0000_0000;
const spaces = new Array<AddressSpace | null>();

function space(s: i32): AddressSpace {
  return spaces[s] as AddressSpace;
}
function at(page: i32): u64 {
  return BASE + <u64>page * PAGE_SIZE;
}

export function setup(): void {
  framesInit(arena, arena + PAGES * PAGE_SIZE);
}
export function free(): u32 {
  return freeFrames();
}
/** The new space's number, or -1. */
export function create(): i32 {
  return add(AddressSpace.create());
}
export function fork(s: i32): i32 {
  return add(space(s).clone());
}
function add(made: AddressSpace | null): i32 {
  if (made == null) return -1;
  spaces.push(made);
  return spaces.length - 1;
}
export function drop(s: i32): void {
  space(s).drop();
  spaces[s] = null;
}
export function map(s: i32, page: i32, n: i32, prot: u32, isShared: bool): void {
  space(s).unmap(at(page), at(page + n));
  space(s).map(new Vma(at(page), at(page + n), prot, isShared, isShared ? new SharedAnon(n) : null));
}
export function unmap(s: i32, page: i32, n: i32): void {
  space(s).unmap(at(page), at(page + n));
}
/** 0 or -errno. */
export function protect(s: i32, page: i32, n: i32, prot: u32): i64 {
  return space(s).vmas.covers(at(page), at(page + n)) ? space(s).protect(at(page), at(page + n), prot) : -12;
}
export function forget(s: i32, page: i32, n: i32): void {
  space(s).releasePages(at(page), at(page + n));
}
export function move(s: i32, from: i32, n: i32, to: i32): void {
  const v = space(s).vmas.find(at(from));
  if (v == null || v.end < at(from + n)) return;
  space(s).unmap(at(to), at(to + n));
  space(s).move(
    space(s).vmas.find(at(from)) as Vma,
    at(from),
    <u64>n * PAGE_SIZE,
    <u64>n * PAGE_SIZE,
    at(to),
    <u64>n * PAGE_SIZE,
  );
}
export function isMovable(s: i32, from: i32, n: i32): bool {
  const v = space(s).vmas.find(at(from));
  return v != null && v.end >= at(from + n);
}
/** Whether the store went through. */
export function write(s: i32, page: i32, v: u32): bool {
  return !failed(new UserBuf(space(s), at(page), 4).writeU32(0, v));
}
/** The word, or -1: not readable. */
export function read(s: i32, page: i32): i64 {
  const r = new UserBuf(space(s), at(page), 4).get(0, scratch, 4);
  return failed(r) ? -1 : <i64>load<u32>(scratch);
}
/** Neighbouring mappings that could be one, or overlap, are a bug of the list. */
export function listIsTidy(s: i32): bool {
  const list = space(s).vmas;
  for (let i = 0; i + 1 < list.length; i++) {
    if (list.at(i).end > list.at(i + 1).start || list.at(i).joins(list.at(i + 1))) return false;
  }
  return true;
}
export function mappings(s: i32): i32 {
  return space(s).vmas.length;
}
export function findFree(s: i32, pages: i32, hint: u64): u64 {
  return space(s).findFree(<u64>pages * PAGE_SIZE, hint);
}
export function mmapTop(): u64 {
  return MMAP_TOP;
}
/** A store that crosses from page to page + 1. */
export function writeAcross(s: i32, page: i32): i64 {
  store<u32>(scratch, 0x11223344);
  return new UserBuf(space(s), at(page) + PAGE_SIZE - 2, 4).put(0, scratch, 4);
}
export function resident(s: i32, page: i32, n: i32, forWrite: bool): i64 {
  return new UserBuf(space(s), at(page), <u64>n * PAGE_SIZE).makeResident(0, <u64>n * PAGE_SIZE, forWrite);
}
