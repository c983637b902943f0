/** A million instructions of random streams on the interpreter, fast and slow, on the oracle and on qemu-riscv64. */
import { expect, test } from 'vitest';
import { INSTRUCTIONS } from '../../emulator/isa/all.ts';
import { hasQemu } from './judge.ts';
import { ALL_OTHERS, compareStream } from './stream.ts';
import { STREAM_ROWS } from './stream-program.ts';

const MILLION = 1_000_000;
const OTHERS = ALL_OTHERS.filter(name => hasQemu || name !== 'qemu-riscv64');

test(`${MILLION} random instructions: interpreter, ${OTHERS.join(', ')}`, () => {
  let done = 0;
  for (let seed = 1; done < MILLION; seed++) {
    const { instructions, differences } = compareStream({ seed, blocks: 200, blockLength: 180, rounds: 4 }, OTHERS);
    expect(differences).toEqual([]);
    done += instructions;
  }
});

/** What streams leave to directed and privileged tests. */
const ELSEWHERE = [
  ...['ecall', 'ebreak', 'c.ebreak', 'mret', 'sret', 'wfi', 'sfence.vma', 'fence.i', 'ctzw'],
  ...['csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci', 'jalr', 'c.jr', 'c.jalr'],
  ...['lr.w', 'lr.d', 'sc.w', 'sc.d', 'sinval.vma', 'sfence.w.inval', 'sfence.inval.ir'],
];

test('streams draw from every other row', () => {
  const drawn = new Set(STREAM_ROWS.map(insn => insn.name));
  const missing = INSTRUCTIONS.map(insn => insn.name).filter(name => !drawn.has(name) && !ELSEWHERE.includes(name));
  expect(missing).toEqual([]);
});
