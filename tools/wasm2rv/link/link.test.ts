/** Hand-made programs, linked and run under QEMU: the runtime without the compiler. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { utf8 } from '../../../emulator/base/bytes.ts';
import { assembleFunction } from '../asm/asm.ts';
import { link } from './link.ts';
import type { MInsn, MProgram } from '../asm/minsn.ts';

const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const hasUser = has('qemu-riscv64');
const hasSystem = has('qemu-system-riscv64');

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wasm2rv-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function program(parts: Partial<MProgram>): MProgram {
  const none = { functions: [], data: [], table: [], globals: [], exports: new Map<string, string>(), start: null };
  return { ...none, memoryPages: 0, ...parts };
}

function exportAll(...names: string[]): Map<string, string> {
  return new Map(names.map(name => [name, name]));
}

function runUser(parts: Partial<MProgram>): { status: number | null; signal: string | null; stdout: string } {
  const path = join(dir, 'user.elf');
  writeFileSync(path, link(program(parts), { target: 'user', unit: 'test' }).elf, { mode: 0o755 });
  const result = spawnSync('qemu-riscv64', [path], { timeout: 20_000 });
  return { status: result.status, signal: result.signal, stdout: result.stdout.toString() };
}

describe.skipIf(!hasUser)('target user (needs qemu-riscv64 of Debian package qemu-user)', () => {
  const DATA = 0x0100_0000;

  test('prints, and exits 0 when main returns', () => {
    const main = assembleFunction(
      'main',
      `
        li   a0, 1
        li   a1, ${DATA}
        li   a2, 6
        li   a7, 64
        ecall
        ret
      `,
    );
    const data = [{ address: DATA, bytes: utf8('hello\n') }];
    expect(runUser({ functions: [main], data, exports: exportAll('main'), memoryPages: 257 })).toEqual({
      status: 0,
      signal: null,
      stdout: 'hello\n',
    });
  });

  test('memory.grow maps zeroed pages after the initial memory and tells the old size', () => {
    const main = assembleFunction(
      'main',
      `
        call __memory_size
        mv   s2, a0
        li   a0, 3
        call __memory_grow
        bne  a0, s2, bad
        slli t0, a0, 16
        ld   t1, 0(t0)
        bnez t1, bad
        sd   t0, 0(t0)
        call __memory_size
        addi s2, s2, 3
        bne  a0, s2, bad
        li   a0, 0x10000
        call __memory_grow
        li   t0, -1
        bne  a0, t0, bad
        li   a0, 42
        li   a7, 94
        ecall
bad:    li   a0, 1
        li   a7, 94
        ecall
      `,
    );
    expect(runUser({ functions: [main], exports: exportAll('main'), memoryPages: 257 }).status).toBe(42);
  });

  test('__memmove and __memset agree with memmove and memset at every alignment and overlap', () => {
    // For each (dst, src, n): fill a window with a pattern, copy, and sum bytes weighted by position into the exit status.
    const cases: number[][] = [];
    for (const n of [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 31, 64, 71, 130, 200]) {
      for (const [dst, src] of [
        [0, 256],
        [3, 256],
        [256, 3],
        [5, 5 + 264],
        [8, 16],
        [16, 8],
        [9, 16],
        [16, 9],
        [0, 1],
        [1, 0],
        [100, 164],
        [164, 100],
        [7, 7],
      ] as const) {
        cases.push([dst, src, n]);
      }
    }
    const WINDOW = 512;
    const expected = new Uint8Array(cases.length * WINDOW);
    const table = new Uint8Array(cases.length * 16);
    const view = new DataView(table.buffer);
    cases.forEach(([dst, src, n], i) => {
      const window = expected.subarray(i * WINDOW, (i + 1) * WINDOW);
      for (let k = 0; k < WINDOW; k++) window[k] = (k * 7 + 3) & 255;
      window.copyWithin(dst!, src!, src! + n!);
      window.fill(0xa5, dst! + 300, dst! + 300 + Math.min(n!, 40));
      view.setUint32(i * 16, dst!, true);
      view.setUint32(i * 16 + 4, src!, true);
      view.setUint32(i * 16 + 8, n!, true);
      view.setUint32(i * 16 + 12, Math.min(n!, 40), true);
    });
    const OUT = DATA + 0x10000;
    const main = assembleFunction(
      'main',
      `
        addi sp, sp, -16
        sd   ra, 8(sp)
        li   s2, ${DATA}
        li   s3, ${OUT}
        li   s4, ${cases.length}
next:   mv   t0, s3
        li   t1, 3
        li   t2, ${WINDOW}
pat:    sb   t1, 0(t0)
        addi t1, t1, 7
        addi t0, t0, 1
        addi t2, t2, -1
        bnez t2, pat
        lw   a0, 0(s2)
        lw   a1, 4(s2)
        lw   a2, 8(s2)
        add  a0, a0, s3
        add  a1, a1, s3
        call __memmove
        lw   a0, 0(s2)
        addi a0, a0, 300
        add  a0, a0, s3
        li   a1, 0x1a5
        lw   a2, 12(s2)
        call __memset
        addi s2, s2, 16
        addi s3, s3, ${WINDOW}
        addi s4, s4, -1
        bnez s4, next
        li   s2, ${OUT}
write:  li   a0, 1
        mv   a1, s2
        sub  a2, s3, s2
        li   a7, 64
        ecall
        add  s2, s2, a0
        bltu s2, s3, write
        ld   ra, 8(sp)
        addi sp, sp, 16
        ret
      `,
    );
    const path = join(dir, 'copy.elf');
    const parts = { functions: [main], data: [{ address: DATA, bytes: table }], exports: exportAll('main') };
    writeFileSync(path, link(program({ ...parts, memoryPages: 260 }), { target: 'user', unit: 'test' }).elf, {
      mode: 0o755,
    });
    const out = execFileSync('qemu-riscv64', [path], { maxBuffer: 1 << 24, timeout: 20_000 });
    expect(Buffer.compare(out, Buffer.from(expected))).toBe(0);
  });

  test('far branches, calls and jumps reach, and a jump table selects', () => {
    const pad = 'addi t0, t0, 1000\n'.repeat(3000);
    const main = assembleFunction(
      'main',
      `
        addi sp, sp, -16
        sd   ra, 8(sp)
        li   a0, 1
        beqz a0, bad
        bnez a0, over
        ${pad}
over:   j    next
        ${pad}
next:   call far
        ld   ra, 8(sp)
        addi sp, sp, 16
        li   a7, 94
        ecall
bad:    ebreak
      `,
    );
    const select = assembleFunction(
      'far',
      'li a0, 2\n one: li a0, 10\n ret\n two: li a0, 20\n ret\n three: li a0, 30\n ret',
    );
    const labelled = {
      ...select,
      insns: [select.insns[0]!, { op: 'jtab', rs1: 10, rd: 5, rs2: 6, targets: [0, 1, 2] }, ...select.insns.slice(1)],
    };
    const farther: MInsn[] = Array.from({ length: 270_000 }, () => ({ op: 'addi', rd: 5, rs1: 5, imm: 1000 }));
    const gap = { ...assembleFunction('gap', ''), insns: farther };
    expect(runUser({ functions: [main, gap, labelled], exports: exportAll('main') }).status).toBe(30);
    expect(runUser({ functions: [labelled, gap, main], exports: exportAll('main') }).status).toBe(30);
  });

  test('a trap dies of SIGTRAP; globals are reached through gp and beyond', () => {
    const trap = { ...assembleFunction('main', ''), insns: [{ op: 'trap', imm: 1 }] };
    expect(runUser({ functions: [trap], exports: exportAll('main') }).signal).toBe('SIGTRAP');

    const globals = Array.from({ length: 1000 }, (_, i) => ({ name: `g${i}`, size: 8 as const, init: BigInt(i) }));
    const insns = [
      { op: 'ld', rd: 10, sym: 'g3' },
      { op: 'ld', rd: 11, sym: 'g999' },
      { op: 'sd', rs2: 10, sym: 'g998', rs3: 5 },
      { op: 'ld', rd: 12, sym: 'g998' },
      { op: 'sub', rd: 10, rs1: 11, rs2: 12 },
      { op: 'addi', rd: 10, rs1: 10, imm: -900 },
      { op: 'li', rd: 17, imm: 94 },
      { op: 'ecall' },
    ];
    const main = { ...assembleFunction('main', ''), insns };
    expect(runUser({ functions: [main], globals, exports: exportAll('main') }).status).toBe(96);
  });
});

describe.skipIf(!hasSystem)('target kernel (needs qemu-system-riscv64 of Debian package qemu-system-misc)', () => {
  test('boots high, runs a user page, takes its ecall and an S-mode fault, and powers off', () => {
    const UART = '0xffffffffd0000000';
    const FINISHER = '0xffffffffc0100000';
    const putc = (char: string): string => `li t0, ${char.charCodeAt(0)}\n sb t0, 0(s11)\n`;
    // kmain prints K, maps gigapage 0 of the user half onto RAM for U mode, and hands back a frame at its user code.
    const kmain = assembleFunction(
      'kmain',
      `
        li    s11, ${UART}
        ${putc('K')}
        bnez  a0, bad                 # hart 0
        beqz  a1, bad                 # a device tree
        la    t0, boot.page_table
        li    t1, 0x200000df          # RAM at VA 0 with U
        sd    t1, 0(t0)
        sfence.vma
        la    a0, frame
        la    t1, user_code
        li    t2, 0x7fffffff
        and   t1, t1, t2
        sd    t1, 0(a0)
        li    t1, 0x20                # SPIE, previous mode U
        sd    t1, 256(a0)
        li    t1, 77
        sd    t1, 80(a0)
        ret
bad:    ebreak
      `,
    );
    const user = assembleFunction('user_code', 'addi a0, a0, 1\n li sp, 123\n ecall\n ebreak');
    const trapUser = assembleFunction(
      'trapUser',
      `
        li    s11, ${UART}
        ld    t0, 264(a0)
        li    t1, 8
        bne   t0, t1, bad             # ecall from U
        ld    t0, 80(a0)
        li    t1, 78
        bne   t0, t1, bad
        ld    t0, 16(a0)
        li    t1, 123
        bne   t0, t1, bad
        ${putc('U')}
        ld    t0, 0(zero)             # the fault that trapKernel reports
bad:    j bad
      `,
    );
    const trapKernel = assembleFunction(
      'trapKernel',
      `
        li    s11, ${UART}
        ld    t0, 264(a0)
        li    t1, 13
        bne   t0, t1, bad             # load page fault
        ${putc('P')}
        ${putc('\n')}
        li    t0, ${FINISHER}
        li    t1, 0x73333
        sw    t1, 0(t0)
bad:    j bad
      `,
    );
    const frame = Array.from({ length: 70 }, (_, i) => ({ name: i ? `f${i}` : 'frame', size: 8 as const, init: 0n }));
    const elf = link(
      program({
        functions: [kmain, user, trapUser, trapKernel],
        globals: frame,
        exports: exportAll('kmain', 'trapUser', 'trapKernel'),
        memoryPages: 0x8041,
      }),
      { target: 'kernel', unit: 'test' },
    ).elf;
    const path = join(dir, 'kernel.elf');
    writeFileSync(path, elf);
    const args = ['-M', 'virt', '-m', '128M', '-bios', 'default', '-nographic', '-kernel', path];
    const result = spawnSync('qemu-system-riscv64', args, { timeout: 30_000 });
    expect(result.stdout.toString()).toContain('KUP\n');
    expect(result.status).toBe(7);
  });
});
