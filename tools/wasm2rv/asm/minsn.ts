/**
 * The seam between instruction selection and the linker: a program as plain data.
 *
 * Selection hands over functions of machine instructions with labels and symbols; the linker chooses encodings (RVC,
 * branch reach, li sequences), lays out memory and writes the ELF. Registers are numbers 0–31; whether they name an
 * integer or a float register is the op's business.
 *
 * Ops are RV64GC mnemonics of the specification ("addiw", "fcvt.l.d", "amoadd.d.aqrl"), with operands in the fields of
 * the same name. Loads and `jalr` use rd, rs1, imm; stores rs1 (base), rs2 (value), imm; branches rs1, rs2, target; CSR ops
 * rd, rs1, imm = CSR number (rs1 holds the 5-bit immediate of the …i forms); shifts, lui, auipc imm (lui/auipc: the 20-bit
 * field). A compressed form is never asked for by name: the encoder takes it where it fits.
 *
 * A load or store with `sym` instead of rs1 addresses that symbol + imm: through gp where it reaches (globals do), else by
 * two instructions, for which a store or a float load needs an integer scratch register in `rs3`.
 *
 * Pseudo-ops:
 *
 * | op      | fields                | meaning                                                                        |
 * |---------|-----------------------|--------------------------------------------------------------------------------|
 * | label   | target                | defines label `target`                                                         |
 * | li      | rd, imm               | rd = imm (64 bits)                                                             |
 * | la      | rd, sym, imm?         | rd = address of sym + imm, sign-extended (kernel) or low (user)                |
 * | mv      | rd, rs1               | copy of an integer register                                                    |
 * | j       | target                | jump                                                                           |
 * | call    | sym                   | call of a function; writes ra                                                  |
 * | tail    | sym                   | jump to a function; may clobber t1                                             |
 * | ret     |                       | jump to ra                                                                     |
 * | jtab    | rs1, rd, rs2, targets | goto targets[rs1], 0 ≤ rs1 < length; rd, rs2 are scratch, rd ≠ rs1, rd ≠ rs2    |
 * | trap    | imm                   | ebreak with a trap record of cause imm (TRAP below)                            |
 * | frame   | imm, target           | from here on sp is imm bytes below the caller's and ra is at sp + target (-1: in ra) |
 */
export interface MInsn {
  op: string;
  rd?: number;
  rs1?: number;
  rs2?: number;
  rs3?: number;
  imm?: number | bigint;
  /** Label id within the function. */
  target?: number;
  targets?: readonly number[];
  sym?: string;
  /** Rounding mode of a float op: 0 RNE, 1 RTZ, 2 RDN, 3 RUP, 4 RMM, 7 dynamic (the default). */
  rm?: number;
  /** Byte offset in the wasm file, for line tables. */
  off?: number;
}

/** Causes of a trap record, as the kernel's panic and a debugger print them. */
export const TRAP = {
  unreachable: 1,
  divideByZero: 2,
  integerOverflow: 3,
  tableBounds: 4,
  indirectType: 5,
} as const;

export interface MFunction {
  /** Unique in the program; the ELF symbol. */
  name: string;
  insns: readonly MInsn[];
  /** Frame of the whole function where no `frame` op says better: size in bytes, and ra's slot as an offset from sp. */
  frameSize: number;
  raSlot: number | null;
  /** Byte offset in the wasm file of the function's first instruction. */
  off?: number;
}

/** Globals are laid out by the linker next to gp; the symbol is `name`. */
export interface MGlobal {
  name: string;
  size: 4 | 8;
  /** Initial bits. */
  init: bigint;
}

export interface MData {
  address: number;
  bytes: Uint8Array;
}

export interface MConstant {
  name: string;
  bytes: Uint8Array;
}

/** Table entry `i` is 8 bytes at symbol `table` + 8·i: low word the native address (load it with lw), high word typeId. */
export interface MTableEntry {
  /** Null: never initialised; address 0 and type 0, which no call matches. */
  func: string | null;
  /** From 1. */
  typeId: number;
}

export interface MProgram {
  functions: readonly MFunction[];
  data: readonly MData[];
  /** Read-only bytes that code refers to by symbol. */
  constants?: readonly MConstant[];
  table: readonly MTableEntry[];
  globals: readonly MGlobal[];
  /** Export name → function name. */
  exports: ReadonlyMap<string, string>;
  /** The wasm start function, if the module has one. */
  start: string | null;
  /** Initial size of linear memory in 64 KiB pages. */
  memoryPages: number;
}
