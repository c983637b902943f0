/**
 * A random program as a tree that the shrinker can prune: every node is an expression or a statement of wasm, labels are
 * names rather than depths. emit.ts turns it into bytes.
 */
import type { ValType } from '../wasm/decode.ts';

export type NodeType = ValType | 'void';

/** What a node does; `kids` are its operands in wasm's order, `imm` what else it names. */
export type NodeOp =
  | 'const' // bits
  | 'simple' // imm: opcode of wasm-ops.ts
  | 'load' // imm: opcode, imm2: static offset; kid: address, brought into the window by emit
  | 'store' // imm: opcode, imm2: static offset; kids: address, value
  | 'get' // imm: local
  | 'set'
  | 'tee'
  | 'global' // imm: global
  | 'setGlobal'
  | 'select' // kids: if true, if false, condition
  | 'call' // imm: function
  | 'indirect' // imm: type; kids: arguments, then the table index
  | 'if' // kids: condition, then, else (both sequences)
  | 'block' // imm: label; kids: statements, the last one a value where the block has a type
  | 'loop' // imm: label; void
  | 'sequence' // as block, without a label
  | 'br' // imm: label; kid: value where the label has a type
  | 'brIf' // imm: label, imm2: 1 for the closing branch of a loop; kids: value where the label has a type, condition
  | 'brTable' // labels; kid: index (labels without type only)
  | 'return' // kid: value
  | 'drop' // kid
  | 'copy' // kids: two addresses, length (memory.copy inside the window)
  | 'fill' // kids: address, byte, length
  | 'memorySize'
  | 'unreachable';

export interface Node {
  op: NodeOp;
  type: NodeType;
  kids: Node[];
  imm: number;
  imm2: number;
  bits: bigint;
  labels: number[];
}

export function node(op: NodeOp, type: NodeType, kids: Node[] = [], more: Partial<Node> = {}): Node {
  return { op, type, kids, imm: 0, imm2: 0, bits: 0n, labels: [], ...more };
}

export interface Signature {
  params: ValType[];
  result: NodeType;
}
export interface Func {
  signature: number;
  locals: ValType[];
  body: Node;
}
export interface GlobalVar {
  type: ValType;
  init: bigint;
}
/** Function 0 takes two i64 and returns one: it is what a run calls. */
export interface Tree {
  signatures: Signature[];
  functions: Func[];
  globals: GlobalVar[];
  /** Function index or null; the table has a null at its end besides. */
  table: (number | null)[];
}

export const ENTRY_SIGNATURE: Signature = { params: ['i64', 'i64'], result: 'i64' };
