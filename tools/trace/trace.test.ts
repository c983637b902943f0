/** The tracer finds the first instruction that QEMU does otherwise, and nothing before. Needs dist/ and QEMU 7.2. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { elf, Program, R } from '../../emulator/machine/test-kernel.ts';

const hasJudge = /version 7\.2\./.test(
  spawnSync('qemu-system-riscv64', ['--version'], { encoding: 'utf8' }).stdout ?? '',
);
const START = 0x8000_0000;
const MTIMECMP = 0x0200_4000;
const MTIME = 0x0200_bff8;
const [MSTATUS, MIE, MTVEC, TIME, MIMPID] = [0x300, 0x304, 0x305, 0xc01, 0xf13] as const;
const folder = mkdtempSync(join(tmpdir(), 'strata-trace-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** In M-mode: reads the clock both ways until the timer interrupts; its handler ends with `last`. */
function guest(last: (program: Program) => Program): string {
  const program = new Program();
  // Over the handler, whose address goes to mtvec.
  program.op('auipc', { rd: R.t0, imm: 0 }).op('addi', { rd: R.t0, rs1: R.t0, imm: 12 });
  const handler = new Program().li(R.t1, MTIMECMP).op('addi', { rd: R.t2, rs1: 0, imm: -1 });
  last(handler.op('sd', { rs1: R.t1, rs2: R.t2 })).spin();
  program.op('jal', { rd: 0, imm: handler.bytes().length + 4 });
  const main = new Program().op('csrrw', { rd: 0, rs1: R.t0, imm: MTVEC });
  main.li(R.t1, MTIMECMP).op('addi', { rd: R.t2, rs1: 0, imm: 300 }).op('sd', { rs1: R.t1, rs2: R.t2 });
  main.op('addi', { rd: R.t2, rs1: 0, imm: 0x80 }).op('csrrs', { rd: 0, rs1: R.t2, imm: MIE });
  main.op('csrrwi', { rd: R.t2, uimm: 8, imm: MSTATUS });
  main.li(R.t1, MTIME);
  main.op('ld', { rd: R.a0, rs1: R.t1 }).op('csrrs', { rd: R.a1, rs1: 0, imm: TIME }).loop(2);
  const code = Uint8Array.from([...program.bytes(), ...handler.bytes(), ...main.bytes()]);
  const file = join(folder, 'guest.elf');
  writeFileSync(file, elf(code, START));
  return file;
}

function trace(kernel: string, limit: number): { status: number | null; stdout: string } {
  const flags = ['-bios', 'none', '-kernel', kernel];
  const args = [resolve('dist/trace.mjs'), '--limit', String(limit), '--', ...flags];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  return { status, stdout };
}

describe.skipIf(!hasJudge)('trace', () => {
  test('clocks and interrupts are taken over; the same to the end', { timeout: 60_000 }, () => {
    const { status, stdout } = trace(
      guest(program => program.op('addi', { rd: R.a0, rs1: 0, imm: 1 })),
      8000,
    );
    expect(stdout).toMatch(/^8000 equal instructions, [1-9]\d+ readings of a clock and 1 interrupts/);
    expect(status).toBe(0);
  });

  test('a guest that asks who we are is caught at that instruction', { timeout: 60_000 }, () => {
    const { status, stdout } = trace(
      guest(program => program.op('csrrs', { rd: R.a0, rs1: 0, imm: MIMPID })),
      100_000,
    );
    expect(stdout).toMatch(/difference is after\n {2}00000000800000\w\w {2}csrr\s+a0,mimpid\n/);
    expect(stdout).toMatch(/\n {2}x10\/a0 {4}0000000000070200 {2}000000000007\w+\n/);
    expect(stdout).not.toMatch(/\n {2}pc /);
    expect(status).toBe(1);
  });
});

test('--help says what it does; what makes no sense is refused', () => {
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [resolve('dist/trace.mjs'), ...args], { encoding: 'utf8' });
  expect(run('--help').stdout).toContain('usage: trace');
  expect(run('--limit', 'many', '--').status).toBe(125);
  expect(run().stderr).toContain('no guest');
  expect(run('--', '-kernel', join(folder, 'none')).status).toBe(125);
});
