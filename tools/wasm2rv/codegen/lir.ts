/**
 * The compiler's low form: RISC-V instructions over virtual registers, in basic blocks. No longer SSA: a virtual register may
 * be written at several places.
 *
 * `defs` and `uses` are in the order rd; rs1 rs2 rs3 (a store: base, value). Ops are MInsn's, and these:
 *
 *  pcopy     defs[i] = uses[i], all at once; a negative number -1 - n is spill slot n
 *  reload    defs[0] = spill slot imm;  spill: the reverse
 *  select    defs[0] = branch condition `cond` over uses[0], uses[1] ? uses[2] : uses[3]
 *  trapif    trap of cause imm if `cond` holds over uses[0], uses[1]
 *  branch    ends a block: to succs[0] if `cond` holds over uses[0], uses[1], else to succs[1]
 *  jump      ends a block: to succs[0]
 *  switch    ends a block: to succs[targets[uses[0]]] if uses[0] < uses[1] unsigned, else to succs[0]; defs are scratch
 *  ret       ends a block; uses are the result registers
 *  tail      ends a block: call of `sym`, or of the address in uses[0], in place of a return
 *  call      defs: result registers; uses: argument registers; without `sym`, uses[0] is the address
 */
export interface LInsn {
  op: string;
  defs: number[];
  uses: number[];
  imm: number | bigint;
  sym: string;
  cond: string;
  rm: number;
  targets: number[];
  /** Registers that lose their contents, besides defs. */
  clobbers: readonly number[];
  /** How many of the uses are still needed when defs are written (they come first): defs must differ from them. */
  lateUses: number;
  /** The memory operand is in the caller's frame: its offset counts from there. */
  isIncoming: boolean;
  /** A copy that separates two lives of a value on purpose: not to be coalesced. */
  isSplit: boolean;
  off: number;
}

export interface LBlock {
  id: number;
  insns: LInsn[];
  succs: LBlock[];
  /** Expected executions per call of the function. */
  freq: number;
  isCold: boolean;
  /** Header of a loop, and the nesting depth of this block. */
  isHeader: boolean;
  depth: number;
}

export interface LFunction {
  name: string;
  blocks: LBlock[];
  /** Class of virtual register v is isFloat[v - 64]. */
  isFloat: boolean[];
  /** Bytes at the bottom of the frame for arguments of calls. */
  outgoingSize: number;
  off: number;
}

export function insn(op: string, defs: number[], uses: number[], off: number, imm: number | bigint = 0): LInsn {
  return {
    op,
    defs,
    uses,
    imm,
    sym: '',
    cond: '',
    rm: -1,
    targets: NONE as number[],
    clobbers: NONE,
    lateUses: 0,
    isIncoming: false,
    isSplit: false,
    off,
  };
}

const NONE: readonly number[] = Object.freeze([]) as readonly number[];

const INVERSE: Readonly<Record<string, string>> = {
  beq: 'bne',
  bne: 'beq',
  blt: 'bge',
  bge: 'blt',
  bltu: 'bgeu',
  bgeu: 'bltu',
};

export function inverseBranch(cond: string): string {
  return INVERSE[cond]!;
}
