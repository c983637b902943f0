/** Test programs' conventions: tohost, fromhost and signatures, with ELF files of our own. Needs dist/ (npm run build). */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { viewOf } from '../../emulator/base/bytes.ts';
import { elf, Program, R } from '../../emulator/machine/test-kernel.ts';
import { file, runCli } from './cli.ts';

/** The program is linked behind some data, so that the file's entry and the start of RAM differ. */
const BASE = 0x8000_0000;
const CODE = 0x8000_1000;
const TOHOST = 0x8000_0100;
const FROMHOST = 0x8000_0140;
const SIGNATURE = 0x8000_0200;
const SYMBOLS = { tohost: TOHOST, fromhost: FROMHOST, begin_signature: SIGNATURE, end_signature: SIGNATURE + 24 };

/** `elf` with a section table: nothing, symbols, strings. */
function withSymbols(image: Uint8Array, symbols: Readonly<Record<string, number>>): Uint8Array {
  const names = Object.keys(symbols);
  const strings = new TextEncoder().encode(`\0${names.map(name => `${name}\0`).join('')}`);
  const symbolsAt = Math.ceil(image.length / 8) * 8;
  const stringsAt = symbolsAt + 24 * (names.length + 1);
  const sectionsAt = Math.ceil((stringsAt + strings.length) / 8) * 8;
  const out = new Uint8Array(sectionsAt + 3 * 64);
  out.set(image);
  out.set(strings, stringsAt);
  const view = viewOf(out);
  const u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  let name = 1;
  names.forEach((text, i) => {
    const at = symbolsAt + 24 * (i + 1);
    view.setUint32(at, name, true);
    view.setUint16(at + 6, 1, true);
    u64(at + 8, symbols[text]!);
    name += text.length + 1;
  });
  const section = (index: number, type: number, at: number, bytes: number, link: number): void => {
    const header = sectionsAt + 64 * index;
    view.setUint32(header + 4, type, true);
    u64(header + 24, at);
    u64(header + 32, bytes);
    view.setUint32(header + 40, link, true);
  };
  section(1, 2, symbolsAt, stringsAt - symbolsAt, 2);
  section(2, 3, stringsAt, strings.length, 0);
  u64(40, sectionsAt);
  view.setUint16(58, 64, true);
  view.setUint16(60, 3, true);
  return out;
}

function testProgram(program: Program, symbols: Readonly<Record<string, number>> = SYMBOLS): string {
  const image = new Uint8Array(CODE - BASE + program.bytes().length);
  image.set(program.bytes(), CODE - BASE);
  const linked = elf(image, BASE);
  viewOf(linked).setBigUint64(24, BigInt(CODE), true);
  return file('test.elf', withSymbols(linked, symbols));
}

/** A register pair for an address above 2 GiB. */
const address = (program: Program, rd: number, pa: number): Program =>
  program
    .li(rd, pa - BASE)
    .op('lui', { rd: R.a7, imm: BASE | 0 })
    .op('add', { rd, rs1: rd, rs2: R.a7 })
    .op('slli', { rd, rs1: rd, imm: 32 })
    .op('srli', { rd, rs1: rd, imm: 32 });
const tell = (program: Program, value: number): Program =>
  address(program, R.t0, TOHOST).li(R.t1, value).op('sd', { rs1: R.t0, rs2: R.t1, imm: 0 }).spin();

test.each([
  [1, 0],
  [2 * 7 + 1, 7],
  [2 * 256 + 1, 255],
])('tohost %i is status %i', async (value, status) => {
  const kernel = testProgram(tell(new Program(), value));
  expect(await runCli(['-tohost', '-kernel', kernel])).toEqual({ status, stdout: '', stderr: '' });
  expect((await runCli(['-tohost', '-icount', '3', '-kernel', kernel])).status).toBe(status);
});

test('the console: a byte at a time, and by a system call, which is answered', async () => {
  const program = new Program();
  // tohost = device 1, command 1, 'A'
  address(program, R.t0, TOHOST).li(R.t1, 0x0101_0000).op('slli', { rd: R.t1, rs1: R.t1, imm: 32 });
  program.op('ori', { rd: R.t1, rs1: R.t1, imm: 0x41 }).op('sd', { rs1: R.t0, rs2: R.t1, imm: 0 });
  program.op('ld', { rd: R.t1, rs1: R.t0, imm: 0 }).op('bne', { rs1: R.t1, rs2: 0, imm: -4 });
  // write(1, "B", 1), its words where the signature is
  address(program, R.a0, SIGNATURE);
  const words = [64, 1, 0, 1];
  words.forEach((word, i) => program.li(R.t1, word).op('sd', { rs1: R.a0, rs2: R.t1, imm: 8 * i }));
  program.op('addi', { rd: R.t1, rs1: R.a0, imm: 128 }).op('sd', { rs1: R.a0, rs2: R.t1, imm: 16 });
  program.li(R.t2, 0x42).op('sb', { rs1: R.t1, rs2: R.t2, imm: 0 });
  program.op('sd', { rs1: R.t0, rs2: R.a0, imm: 0 });
  // Until fromhost; the result is the status.
  program.op('ld', { rd: R.t1, rs1: R.t0, imm: FROMHOST - TOHOST }).op('beq', { rs1: R.t1, rs2: 0, imm: -4 });
  program.op('ld', { rd: R.t1, rs1: R.a0, imm: 0 }).op('addi', { rd: R.t1, rs1: R.t1, imm: 4 });
  program.op('slli', { rd: R.t1, rs1: R.t1, imm: 1 }).op('ori', { rd: R.t1, rs1: R.t1, imm: 1 });
  program.op('sd', { rs1: R.t0, rs2: R.t1, imm: 0 }).spin();
  expect(await runCli(['-tohost', '-kernel', testProgram(program)])).toEqual({ status: 5, stdout: 'AB', stderr: '' });
});

test('the signature, most significant byte first, the last line filled up', async () => {
  const program = new Program();
  address(program, R.a0, SIGNATURE).li(R.t1, 0x0403_0201).op('sw', { rs1: R.a0, rs2: R.t1, imm: 0 });
  program.li(R.t1, 0x2a).op('sd', { rs1: R.a0, rs2: R.t1, imm: 16 });
  const kernel = testProgram(tell(program, 1));
  const signature = `${kernel}.signature`;
  expect((await runCli(['-signature', signature, '-kernel', kernel])).status).toBe(0);
  expect(readFileSync(signature, 'utf8')).toBe('00000000000000000000000004030201\n0000000000000000000000000000002a\n');
  const words = ['-signature', signature, '-signature-granularity', '4', '-kernel', kernel];
  expect((await runCli(words)).status).toBe(0);
  expect(readFileSync(signature, 'utf8')).toBe('04030201\n00000000\n00000000\n00000000\n0000002a\n00000000\n');
});

test('a file without the symbols is refused', async () => {
  const plain = testProgram(tell(new Program(), 1), { other: BASE });
  const { status, stderr } = await runCli(['-tohost', '-kernel', plain]);
  expect([status, stderr.includes('no symbol tohost')]).toEqual([125, true]);
  const unsigned = testProgram(tell(new Program(), 1), { tohost: TOHOST });
  const refused = await runCli(['-signature', `${unsigned}.none`, '-kernel', unsigned]);
  expect([refused.status, refused.stderr.includes('begin_signature')]).toEqual([125, true]);
  expect(existsSync(`${unsigned}.none`)).toBe(false);
});
