/** Guest programs with labels, for tests of several harts: assembled from instruction rows. */
import { viewOf } from '../../emulator/base/bytes.ts';
import { encode, rowNamed, type Operands } from '../../emulator/isa/encode.ts';

/** ABI names of the registers that the programs use. */
export const R = {
  zero: 0,
  t0: 5,
  t1: 6,
  t2: 7,
  a0: 10,
  a1: 11,
  a2: 12,
  a3: 13,
  a6: 16,
  a7: 17,
  s2: 18,
  s3: 19,
} as const;

interface Item {
  readonly name: string;
  readonly operands: Operands;
  /** Its address less the instruction's own becomes the immediate. */
  readonly target?: string;
}

export class Code {
  private readonly items: Item[] = [];
  private readonly labels = new Map<string, number>();

  label(name: string): this {
    this.labels.set(name, 4 * this.items.length);
    return this;
  }
  op(name: string, operands: Operands = {}): this {
    this.items.push({ name, operands });
    return this;
  }
  /** A branch, or jal without rd. */
  to(name: string, target: string, operands: Operands = {}): this {
    this.items.push({ name, operands: { rd: 0, ...operands }, target });
    return this;
  }
  li(rd: number, value: number): this {
    const low = (value << 20) >> 20;
    this.op('lui', { rd, imm: (value - low) | 0 }).op('addiw', { rd, rs1: rd, imm: low });
    return this.op('slli', { rd, rs1: rd, imm: 32, uimm: 32 }).op('srli', { rd, rs1: rd, imm: 32, uimm: 32 });
  }
  csr(name: 'csrrs' | 'csrrc' | 'csrrw', csr: number, rs1: number, rd = 0): this {
    return this.op(name, { rd, rs1, uimm: csr, imm: csr });
  }
  /** a0…a3 are set by the caller. */
  sbi(extension: number, fid: number): this {
    return this.li(R.a7, extension).li(R.a6, fid).op('ecall');
  }
  /** Byte offset of a label from the start. */
  offset(name: string): number {
    const at = this.labels.get(name);
    if (at === undefined) throw new Error(`no label ${name}`);
    return at;
  }
  bytes(): Uint8Array {
    const bytes = new Uint8Array(4 * this.items.length);
    this.items.forEach(({ name, operands, target }, i) => {
      const all = target === undefined ? operands : { ...operands, imm: this.offset(target) - 4 * i };
      viewOf(bytes).setUint32(4 * i, encode(rowNamed(name), all), true);
    });
    return bytes;
  }
}
