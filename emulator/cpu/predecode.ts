/**
 * Fills decoded pages: turns instruction words into the 16-byte ops of layout.ts. Called by the fast loop when it meets
 * an op that is not decoded yet; it goes on to the end of the straight line, so calls are few.
 */
import { viewOf } from '../base/bytes.ts';
import { DECODED_HEADER_BYTES, OP_BYTES, PAGE_SIZE } from '../bus/memory-map.ts';
import type { Ram } from '../bus/ram.ts';
import { decode, type Decoded } from '../isa/decode.ts';
import { rowNamed } from '../isa/encode.ts';
import { formatOf } from '../isa/formats.ts';
import { INSTRUCTIONS } from '../isa/all.ts';
import { presentRows, type CpuFeatures } from '../isa/extensions.ts';
import { handlerNumber, hasTarget } from './gen/handlers.ts';
import {
  F_REGS,
  HANDLER_BREAKPOINT,
  HANDLER_ILLEGAL,
  HANDLER_STRADDLE,
  HANDLER_UNDECODED,
  OP_HANDLER,
  OP_IMM,
  OP_RAW,
  OP_RD,
  OP_RS1,
  OP_RS2,
  X_REGS,
  UNMARKED_OP,
  X_SINK,
} from './layout.ts';

/** What the rows say about one instruction, looked up once. */
interface Plan {
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly hasTarget: boolean;
  readonly isJump: boolean;
  /** Nothing runs on behind it: decoding ahead stops. */
  readonly isEnd: boolean;
}

const ENDS = new Set(['jal', 'jalr', 'mret', 'sret']);

const PLANS: readonly Plan[] = INSTRUCTIONS.map(insn => {
  const operands = insn.operands ?? formatOf(insn.format).operands;
  const fileOf = (register: string): number => (operands.includes(`f${register}`) ? F_REGS : X_REGS);
  const base = insn.expandsTo === undefined ? insn : rowNamed(insn.expandsTo);
  return {
    rd: fileOf('rd'),
    rs1: fileOf('rs1'),
    rs2: fileOf('rs2'),
    hasTarget: hasTarget(base),
    isJump: hasTarget(base) || base.name === 'jalr',
    isEnd: ENDS.has(base.name),
  };
});

export class Predecoder {
  private readonly view: DataView;
  private readonly code: DataView;
  /** Called for each instruction decoded from RAM. */
  onDecode: ((pa: number, word: number) => void) | undefined;

  /** Offsets in a page at which some breakpoint is: ops there are marked, in every page. */
  marks: ReadonlySet<number> = new Set();

  /** By position in INSTRUCTIONS: what the CPU has not is illegal. */
  private readonly isPresent: readonly boolean[];
  /** Without C, the target of a jump may be misaligned: `unhandled` of cpu/slow looks at it. */
  private readonly hasCompressed: boolean;

  constructor(
    private readonly ram: Ram,
    features: CpuFeatures,
  ) {
    this.isPresent = presentRows(INSTRUCTIONS, features);
    this.hasCompressed = features.c;
    this.view = new DataView(ram.memory.buffer);
    this.code = viewOf(ram.u8);
  }

  /** Decodes from `op` of the decoded page at `page` to the end of the straight line or of the page. */
  decode(page: number, op: number): void {
    const start = (this.view.getUint32(page - DECODED_HEADER_BYTES, true) - 1) * PAGE_SIZE;
    let offset = ((op - page) / OP_BYTES) * 2;
    for (;;) {
      const at = page + (offset / 2) * OP_BYTES;
      if (offset >= PAGE_SIZE || this.view.getUint16(at + OP_HANDLER, true) !== HANDLER_UNDECODED) return;
      const low = this.code.getUint16(start + offset, true);
      const isLong = (low & 3) === 3;
      if (isLong && offset === PAGE_SIZE - 2) {
        this.write(at, HANDLER_STRADDLE, low);
        this.mark(at, offset);
        return;
      }
      const word = isLong ? this.code.getUint32(start + offset, true) : low;
      this.onDecode?.(this.ram.base + start + offset, word);
      const decoded = this.decodePresent(word);
      if (decoded === undefined) {
        this.write(at, HANDLER_ILLEGAL, word);
        this.mark(at, offset);
        return;
      }
      const isEnd = this.writeDecoded(at, offset, decoded, word);
      this.mark(at, offset);
      if (isEnd) return;
      offset += decoded.length;
    }
  }

  /** The op of an instruction that is split between two pages; it lives outside every decoded page. */
  decodeStraddle(op: number, word: number): void {
    const decoded = this.decodePresent(word);
    if (decoded) this.writeDecoded(op, PAGE_SIZE - 2, decoded, word);
    else this.write(op, HANDLER_ILLEGAL, word);
  }

  /** What a marked op was before the mark, at UNMARKED_OP. */
  unmark(op: number, offset: number): void {
    const word = this.view.getInt32(op + OP_RAW, true);
    const decoded = this.decodePresent(word);
    if ((word & 3) === 3 && offset === PAGE_SIZE - 2) this.write(UNMARKED_OP, HANDLER_STRADDLE, word);
    else if (decoded) this.writeDecoded(UNMARKED_OP, offset, decoded, word);
    else this.write(UNMARKED_OP, HANDLER_ILLEGAL, word);
  }

  private mark(at: number, offset: number): void {
    if (this.marks.has(offset)) this.view.setUint16(at + OP_HANDLER, HANDLER_BREAKPOINT, true);
  }

  private decodePresent(word: number): Decoded | undefined {
    const decoded = decode(word);
    return decoded && this.isPresent[decoded.index] ? decoded : undefined;
  }

  /** Returns whether the straight line ends here. */
  private writeDecoded(at: number, offset: number, decoded: Decoded, word: number): boolean {
    const plan = PLANS[decoded.index]!;
    const target = offset + decoded.imm;
    const isFar = plan.hasTarget && (target < 0 || target >= PAGE_SIZE);
    const isChecked = !this.hasCompressed && plan.isJump && (!plan.hasTarget || (decoded.imm & 2) !== 0);
    this.write(at, isChecked ? HANDLER_ILLEGAL : handlerNumber(decoded.index, isFar), word);
    const rd = decoded.rd === 0 && plan.rd === X_REGS ? X_SINK : plan.rd + 8 * decoded.rd;
    this.view.setUint16(at + OP_RD, rd, true);
    this.view.setUint16(at + OP_RS1, plan.rs1 + 8 * decoded.rs1, true);
    this.view.setUint16(at + OP_RS2, plan.rs2 + 8 * decoded.rs2, true);
    this.view.setInt32(at + OP_IMM, decoded.imm, true);
    return plan.isEnd;
  }

  private write(at: number, handler: number, word: number): void {
    this.view.setUint16(at + OP_HANDLER, handler, true);
    this.view.setInt32(at + OP_RAW, word, true);
  }
}
