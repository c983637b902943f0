/** Reach of branches, jumps and calls at their exact limits, and what the assembler tells about frames and origins. */
import { expect, test } from 'vitest';
import { viewOf } from '../../../emulator/base/bytes.ts';
import { decode } from '../../../emulator/isa/decode.ts';
import { assembleFunction } from './asm.ts';
import { Assembler } from './assembler.ts';
import type { MFunction, MInsn } from './minsn.ts';

const NOWHERE = { nearGp: () => false };
const NO_SYMBOLS = {
  textStart: 0,
  gp: 0,
  address(symbol: string): number {
    throw new Error(symbol);
  },
};

function assemble(...functions: MFunction[]): { bytes: Uint8Array; code: ReturnType<Assembler['relax']> } {
  const assembler = new Assembler(NOWHERE);
  for (const fn of functions) assembler.add(fn);
  const code = assembler.relax();
  return { bytes: assembler.emit(NO_SYMBOLS), code };
}

function functionOf(insns: MInsn[]): MFunction {
  return { ...assembleFunction('f', ''), insns };
}

/** `count` two-byte nops. */
function nops(count: number): MInsn[] {
  return Array.from({ length: count }, () => ({ op: 'addi', rd: 0, rs1: 0, imm: 0 }));
}

/** Bytes of the transfer at offset `at`, and where it goes, followed through a branch around a jump or an auipc. */
function transferAt(bytes: Uint8Array, at: number): { size: number; target: number } {
  const view = viewOf(bytes);
  const word = (offset: number): number =>
    (view.getUint16(offset, true) & 3) === 3 ? view.getUint32(offset, true) : view.getUint16(offset, true);
  const first = decode(word(at))!;
  const name = first.insn.expandsTo ?? first.insn.name;
  if (name === 'auipc') return { size: 8, target: at + first.imm + decode(word(at + 4))!.imm };
  const target = at + first.imm;
  const next = at + first.length < bytes.length ? decode(word(at + first.length)) : undefined;
  const isAround = name.startsWith('b') && first.imm === 8 && next?.insn.name === 'jal' && next.rd === 0;
  return isAround ? { size: 8, target: at + 4 + next.imm } : { size: first.length, target };
}

const BRANCH: MInsn = { op: 'beq', rs1: 10, rs2: 0, target: 1 };
const FULL_BRANCH: MInsn = { op: 'blt', rs1: 10, rs2: 11, target: 1 };
const JUMP: MInsn = { op: 'j', target: 1 };

test.each([
  ['c.beqz', BRANCH, 254, 2],
  ['c.beqz', BRANCH, 256, 4],
  ['beq', BRANCH, 4094, 4],
  ['beq', BRANCH, 4096, 8],
  ['blt', FULL_BRANCH, 8, 4],
  ['blt', FULL_BRANCH, 4096, 8],
  ['c.j', JUMP, 2046, 2],
  ['c.j', JUMP, 2048, 4],
])('%s forwards: %s over %i bytes takes %i', (_, insn, distance, size) => {
  // A form that grows pushes its target away: the distance counts from the form that is tried first.
  const tried = size === 8 ? 4 : size === 4 && insn !== FULL_BRANCH && distance <= 2048 ? 2 : size;
  const fn = functionOf([insn, ...nops((distance - tried) / 2), { op: 'label', target: 1 }, { op: 'ret' }]);
  const { bytes } = assemble(fn);
  expect(transferAt(bytes, 0)).toEqual({ size, target: distance - tried + size });
});

test.each([
  [BRANCH, 256, 2],
  [BRANCH, 258, 4],
  [FULL_BRANCH, 4096, 4],
  [FULL_BRANCH, 4098, 8],
  [JUMP, 2048, 2],
  [JUMP, 2050, 4],
])('backwards: %s over %i bytes takes %i', (insn, distance, size) => {
  const fn = functionOf([{ op: 'label', target: 1 }, ...nops(distance / 2), insn, { op: 'ret' }]);
  const { bytes } = assemble(fn);
  expect(transferAt(bytes, distance)).toEqual({ size, target: 0 });
});

test('calls beyond 1 MiB take two instructions, both ways', () => {
  const caller = (name: string, sym: string): MFunction => ({
    ...functionOf([{ op: 'call', sym }, { op: 'ret' }]),
    name,
  });
  const far = (1 << 20) / 4;
  const wide = (count: number): MInsn[] =>
    Array.from({ length: count }, () => ({ op: 'addi', rd: 5, rs1: 5, imm: 999 }));
  for (const [gap, size] of [
    [far - 10, 4],
    [far, 8],
  ] as const) {
    const { bytes, code } = assemble(caller('a', 'b'), functionOf(wide(gap)), caller('b', 'a'));
    const [a, , b] = code.functions;
    expect(transferAt(bytes, a!.start)).toEqual({ size, target: b!.start });
    expect(transferAt(bytes, b!.start)).toEqual({ size, target: a!.start });
  }
});

test('frames: the whole function, or rows where ops say so, beginning without a frame', () => {
  const plain = { ...functionOf(nops(2)), name: 'plain', frameSize: 32, raSlot: 24 };
  const wrapped = functionOf([
    ...nops(2),
    { op: 'frame', imm: 16, target: 8 },
    ...nops(1),
    { op: 'frame', imm: 0, target: -1 },
  ]);
  const [first, second] = assemble(plain, wrapped).code.functions;
  expect(first!.frames).toEqual([{ pc: 0, size: 32, raSlot: 24 }]);
  expect(second!.frames).toEqual([
    { pc: 4, size: 0, raSlot: null },
    { pc: 8, size: 16, raSlot: 8 },
    { pc: 10, size: 0, raSlot: null },
  ]);
});

test('origins and traps are told by their place', () => {
  const insns: MInsn[] = [
    { op: 'addi', rd: 10, rs1: 10, imm: 1, off: 100 },
    { op: 'addi', rd: 10, rs1: 10, imm: 1, off: 100 },
    { op: 'trap', imm: 4, off: 107 },
  ];
  expect(assemble(functionOf(insns)).code).toMatchObject({
    size: 6,
    origins: [
      { pc: 0, off: 100 },
      { pc: 4, off: 107 },
    ],
    traps: [{ pc: 4, cause: 4 }],
  });
});

test('mistakes of selection are noticed', () => {
  expect(() => assemble(functionOf([{ op: 'j', target: 9 }]))).toThrow('label 9');
  expect(() => assemble(functionOf([{ op: 'call', sym: 'absent' }]))).toThrow('absent');
  expect(() => assemble(functionOf([{ op: 'addi', rd: 1, rs1: 1, imm: 2048 }]))).toThrow('immediate');
  expect(() => assemble(functionOf([{ op: 'frobnicate' }]))).toThrow('frobnicate');
  expect(() => assemble(functionOf(nops(1)), functionOf(nops(1)))).toThrow('two functions');
});
