/** The encoder, the compressor and li against GNU as, on random operands of every instruction row. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert as check, bigInt, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INSTRUCTIONS } from '../../../emulator/isa/all.ts';
import { formatOf, immediateRange } from '../../../emulator/isa/formats.ts';
import type { Insn } from '../../../emulator/isa/insn.ts';
import { F_NAMES, X_NAMES } from '../../../emulator/isa/registers.ts';
import { assembleText } from './asm.ts';
import { compress, encode, EXACT } from './encode.ts';
import { expandLi } from './li.ts';

const AS = 'riscv64-linux-gnu-as';
const hasAs = spawnSync(AS, ['--version']).status === 0;
/** Their operands are not plain: branches and jumps name labels, fences name sets. The linker's tests run them. */
const SKIPPED = /^(fence|sfence\.vma|jal|c\..*)$/;
const ROWS = INSTRUCTIONS.filter(row => row.format !== 'B' && !SKIPPED.test(row.name));

/** A linear congruential generator: the same lines every time. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomLine(row: Insn, next: (below: number) => number): string {
  const format = formatOf(row.format);
  // Few registers, so that compressible combinations are common.
  const pool = [0, 1, 2, 8, 9, 10, 15, 31];
  const reg = (names: readonly string[]): string => names[pool[next(pool.length)]!]!;
  const imm = (): number => {
    if (!format.imm) return 0;
    if (row.format === 'U') return next(2) ? next(1 << 20) : [0, 1, 31, 32, 0xfffe0, 0xfffff][next(6)]!;
    const { min, max, step } = immediateRange(format.imm);
    const value = next(3)
      ? [0, 1, -1, 8, 16, -16, 31, 32, 64, 496][next(10)]!
      : min + next((max - min) / step + 1) * step;
    return Math.min(max, Math.max(min, value));
  };
  const operands = (row.operands ?? format.operands).split(',').filter(part => part !== '' && part !== 'rm');
  const values = operands.map(operand => {
    if (operand === 'imm(rs1)') return `${imm()}(${reg(X_NAMES)})`;
    if (operand === '(rs1)') return `(${reg(X_NAMES)})`;
    if (operand === 'imm') return String(imm());
    if (operand === 'uimm') return String(next(32));
    if (operand === 'csr') return 'sstatus';
    return reg(operand.startsWith('f') ? F_NAMES : X_NAMES);
  });
  const rounding = format.rm && !EXACT.has(row.name) && next(2) ? ['rtz'] : [];
  return `${row.name} ${[...values, ...rounding].join(', ')}`;
}

/** What GNU as makes of the lines: the bytes of .text. */
function gnuAs(lines: readonly string[], option: string): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'wasm2rv-as-'));
  try {
    writeFileSync(join(dir, 'a.s'), `.option ${option}\n.option norelax\n${lines.join('\n')}\n`);
    execFileSync(AS, ['-march=rv64gc_zba_zbb_zbc_zbs_svinval', '-o', join(dir, 'a.o'), join(dir, 'a.s')]);
    execFileSync('riscv64-linux-gnu-objcopy', ['-O', 'binary', '-j', '.text', join(dir, 'a.o'), join(dir, 'a.bin')]);
    return readFileSync(join(dir, 'a.bin'));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe.skipIf(!hasAs)('against GNU as (Debian package binutils-riscv64-linux-gnu)', () => {
  const next = generator(20_261_121);
  const lines = ROWS.flatMap(row => Array.from({ length: 40 }, () => randomLine(row, next)));
  const insns = lines.map(line => assembleText(line)[0]!);

  test('32-bit encodings are the same', () => {
    const view = new DataView(gnuAs(lines, 'norvc').slice().buffer);
    expect(view.byteLength).toBe(4 * lines.length);
    const wrong = lines.filter((_, i) => view.getUint32(4 * i, true) !== encode(insns[i]!));
    expect(wrong).toEqual([]);
  });

  test('16-bit encodings are the same wherever both choose one, and as finds none that we miss', () => {
    const bytes = gnuAs(lines, 'rvc');
    const view = new DataView(bytes.slice().buffer);
    const wrong: string[] = [];
    let at = 0;
    lines.forEach((line, i) => {
      const half = view.getUint16(at, true);
      const isShort = (half & 3) !== 3;
      at += isShort ? 2 : 4;
      const ours = compress(insns[i]!);
      if (isShort && ours !== half) wrong.push(`${line}: as ${half.toString(16)}, we ${ours.toString(16)}`);
    });
    expect(at).toBe(bytes.length);
    expect(wrong).toEqual([]);
  });
});

test('li builds any constant', () => {
  const run = (imm: bigint): bigint =>
    expandLi(5, imm).reduce((value, insn) => {
      const part = BigInt(insn.imm ?? 0);
      switch (insn.op) {
        case 'lui':
          return BigInt.asIntN(64, BigInt.asIntN(32, part << 12n));
        case 'addi':
          return BigInt.asIntN(64, (insn.rs1 === 0 ? 0n : value) + part);
        case 'addiw':
          return BigInt.asIntN(32, value + part);
        case 'slli':
          return BigInt.asIntN(64, value << part);
        case 'srli':
          return BigInt.asUintN(64, value) >> part;
        default:
          throw new Error(`li uses ${insn.op}`);
      }
    }, 0n);
  const corners = [0n, 1n, -1n, 2047n, 2048n, -2048n, -2049n, 0x7fffffffn, 0x80000000n, 0xffffffffn, -0x80000000n];
  const edges = corners.flatMap(c => [c, c << 12n, c << 31n, c << 32n, ~c]);
  for (const imm of edges) expect(run(imm)).toBe(BigInt.asIntN(64, imm));
  check(
    property(bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), integer({ min: 0, max: 63 }), (bits, shift) => {
      const imm = bits >> BigInt(shift);
      expect(run(imm)).toBe(imm);
      expect(expandLi(5, imm).length).toBeLessThanOrEqual(8);
    }),
    { seed: 1, numRuns: 2000 },
  );
});
