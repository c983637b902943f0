/** Small kernels for tests, assembled from instruction rows: what a machine test needs without any image being built. */
import { utf8, viewOf } from '../base/bytes.ts';
import { encode, rowNamed, type Operands } from '../isa/encode.ts';
import type { MachineConfig } from './config.ts';

export const ENTRY = 0x8020_0000;
export const UART = 0x1000_0000;
export const FINISHER = 0x10_0000;

const EHDR_BYTES = 64;
const PHDR_BYTES = 56;

/** Temporaries t0…t2 and the SBI's registers. */
export const R = { t0: 5, t1: 6, t2: 7, a0: 10, a1: 11, a6: 16, a7: 17 } as const;

export class Program {
  private readonly words: number[] = [];

  op(name: string, operands: Operands = {}): this {
    this.words.push(encode(rowNamed(name), operands));
    return this;
  }
  /** Loads a constant below 2^31. */
  li(rd: number, value: number): this {
    const low = (value << 20) >> 20;
    return this.op('lui', { rd, imm: (value - low) & ~0xfff }).op('addiw', { rd, rs1: rd, imm: low });
  }
  print(text: string): this {
    this.li(R.t0, UART);
    for (const byte of utf8(text)) this.li(R.t1, byte).op('sb', { rs1: R.t0, rs2: R.t1, imm: 0 });
    return this;
  }
  /** Writes the finisher: PASS is 0x5555, FAIL 0x3333 with the code above it, RESET 0x7777. */
  finish(value: number): this {
    return this.li(R.t0, FINISHER).li(R.t1, value).op('sw', { rs1: R.t0, rs2: R.t1, imm: 0 }).spin();
  }
  spin(): this {
    return this.op('jal', { rd: 0, imm: 0 });
  }
  /** Back by so many instructions, for ever. */
  loop(instructions: number): this {
    return this.op('jal', { rd: 0, imm: -4 * instructions });
  }
  bytes(): Uint8Array {
    const bytes = new Uint8Array(4 * this.words.length);
    this.words.forEach((word, i) => viewOf(bytes).setUint32(4 * i, word, true));
    return bytes;
  }
}

export function elf(code: Uint8Array, pa = ENTRY): Uint8Array {
  const file = new Uint8Array(EHDR_BYTES + PHDR_BYTES + code.length);
  const view = viewOf(file);
  const u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  u64(24, pa);
  u64(32, EHDR_BYTES);
  view.setUint16(54, PHDR_BYTES, true);
  view.setUint16(56, 1, true);
  view.setUint32(EHDR_BYTES, 1, true);
  u64(EHDR_BYTES + 8, EHDR_BYTES + PHDR_BYTES);
  u64(EHDR_BYTES + 24, pa);
  u64(EHDR_BYTES + 32, code.length);
  u64(EHDR_BYTES + 40, code.length);
  file.set(code, EHDR_BYTES + PHDR_BYTES);
  return file;
}

export function testConfig(program: Program, changes: Partial<MachineConfig> = {}): MachineConfig {
  return {
    memoryMiB: 16,
    bios: 'default',
    kernel: { name: 'test.elf', bytes: elf(program.bytes()) },
    append: '',
    devices: [],
    isVirtioLegacy: true,
    icountShift: 3,
    isRebootRefused: true,
    epochMs: 0,
    seed: 1,
    guestError: () => {},
    ...changes,
  };
}
