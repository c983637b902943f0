/**
 * Many compiled modules in one executable with a harness around them, so that one process runs hundreds: symbols get a
 * prefix per module, and the function tables are joined. Modules share the window of linear memory; the harness makes it and
 * the globals anew for every run, survives traps by a SIGTRAP handler, and writes one record per run to stdout.
 */
import { assert } from '../../../emulator/base/assert.ts';
import { viewOf } from '../../../emulator/base/bytes.ts';
import { assembleFunction } from '../asm.ts';
import { WASM_PAGE } from '../layout.ts';
import type { Linked } from '../link.ts';
import type { MFunction, MGlobal, MInsn, MProgram, MTableEntry } from '../minsn.ts';
import { IMAGE_SIZE, WINDOW, MEMORY_PAGES } from './emit.ts';
import type { Outcome } from './reference.ts';
import { ARGUMENTS, INITIAL_IMAGE } from './reference.ts';

/** A record: pc of the trap or 0, result, then the image. */
const RECORD = 16 + IMAGE_SIZE;
/**
 * The harness's own memory, in the page behind the window's: the initial image, its variables, the record being made, a row
 * per run; then a copy of all globals.
 */
const HARNESS = WINDOW + WASM_PAGE;
const STATE = HARNESS + 0x800;
const SIGACTION = HARNESS + 0x880;
const RECORD_AT = HARNESS + 0x900;
const CASES = HARNESS + 0x1000;
const GLOBALS_COPY = WINDOW + 2 * WASM_PAGE;
/** Table indices of run and dump (u32 each), two arguments. */
const CASE = 24;
/** Modules that fit: by their cases, and by their globals in the copy. */
export const BATCH = 300;
/** Cause of an ebreak that is none of the compiler's. */
const NOT_A_TRAP = -1;

/** In the signal frame's ucontext: the saved pc (asm/ucontext.h of riscv). */
const UCONTEXT_PC = 176;
const SIGTRAP = 5;
const SA_SIGINFO_NODEFER = 0x40000004;
const NR = { write: 64, exitGroup: 94, sigaction: 134 } as const;
const EXIT_WRITE_FAILED = 3;

export function joinModules(modules: readonly MProgram[]): MProgram {
  const functions: MFunction[] = [];
  const globals: MGlobal[] = [];
  const table: MTableEntry[] = [];
  const cases: { run: number; dump: number; args: readonly [bigint, bigint] }[] = [];
  modules.forEach((module, i) => {
    const own = new Set([...module.functions.map(fn => fn.name), ...module.globals.map(g => g.name)]);
    const rename = (name: string): string => (own.has(name) ? `m${i}.${name}` : name);
    const tableOffset = table.length * 8;
    const renameInsn = (insn: MInsn): MInsn => {
      if (insn.sym === undefined) return insn;
      if (insn.sym !== 'table') return { ...insn, sym: rename(insn.sym) };
      return { ...insn, imm: Number(insn.imm ?? 0) + tableOffset };
    };
    for (const fn of module.functions) {
      functions.push({ ...fn, name: rename(fn.name), insns: fn.insns.map(renameInsn) });
    }
    for (const global of module.globals) globals.push({ ...global, name: rename(global.name) });
    for (const entry of module.table) table.push({ ...entry, func: entry.func === null ? null : rename(entry.func) });
    assert(module.start === null && module.data.length === 0, 'a generated module has no start function and no data');
    const exported = (name: string): number => {
      table.push({ func: rename(module.exports.get(name)!), typeId: 0 });
      return table.length - 1;
    };
    const [run, dump] = [exported('run'), exported('dump')];
    for (const args of ARGUMENTS) cases.push({ run, dump, args });
  });
  const data = new Uint8Array(CASES - HARNESS + CASE * cases.length);
  assert(modules.length <= BATCH && data.length <= WASM_PAGE, 'a batch too large for its harness');
  data.set(INITIAL_IMAGE);
  const view = viewOf(data);
  cases.forEach(({ run, dump, args }, i) => {
    const at = CASES - HARNESS + CASE * i;
    view.setUint32(at, run, true);
    view.setUint32(at + 4, dump, true);
    view.setBigUint64(at + 8, BigInt.asUintN(64, args[0]), true);
    view.setBigUint64(at + 16, BigInt.asUintN(64, args[1]), true);
  });
  view.setBigUint64(STATE - HARNESS, BigInt(CASES), true);
  view.setBigUint64(STATE - HARNESS + 8, BigInt(cases.length), true);
  return {
    functions: [...harness(), ...functions],
    globals,
    table,
    data: [{ address: HARNESS, bytes: data }],
    exports: new Map([['main', 'harness.main']]),
    start: null,
    memoryPages: MEMORY_PAGES,
  };
}

/** Calls the function whose table index is the u32 at `offset` of the case at s0. */
const callTable = (offset: number): string => `
        lwu   t0, ${offset}(s0)
        slli  t0, t0, 3
        la    t1, table
        add   t1, t1, t0
        lw    t1, 0(t1)
        jalr  t1
`;

/** STATE: address of the next case, cases left, sp to go on with after a trap. Registers do not survive a run. */
function harness(): MFunction[] {
  return [
    assembleFunction(
      'harness.main',
      `
        la    t0, harness.trap
        li    a1, ${SIGACTION}
        sd    t0, 0(a1)
        li    t0, ${SA_SIGINFO_NODEFER}
        sd    t0, 8(a1)
        li    a0, ${SIGTRAP}
        li    a2, 0
        li    a3, 8
        li    a7, ${NR.sigaction}
        ecall
        li    a0, ${GLOBALS_COPY}
        la    a1, data_start
        la    a2, bss_start
        sub   a2, a2, a1
        call  __memmove
        tail  harness.next
`,
    ),
    assembleFunction(
      'harness.next',
      `
        li    s11, ${STATE}
        ld    s0, 0(s11)
        ld    s1, 8(s11)
        beqz  s1, exit
        addi  t0, s0, ${CASE}
        addi  s1, s1, -1
        sd    t0, 0(s11)
        sd    s1, 8(s11)
        sd    sp, 16(s11)
        la    a0, data_start
        li    a1, ${GLOBALS_COPY}
        la    a2, bss_start
        sub   a2, a2, a0
        call  __memmove
        li    a0, ${WINDOW}
        li    a1, ${HARNESS}
        li    a2, ${IMAGE_SIZE}
        call  __memmove
        ld    a0, 8(s0)
        ld    a1, 16(s0)
        ${callTable(0)}
        li    a1, 0
        tail  harness.done
exit:   li    a0, 0
        li    a7, ${NR.exitGroup}
        ecall
`,
    ),
    assembleFunction(
      'harness.trap',
      `
        ld    a1, ${UCONTEXT_PC}(a2)
        li    a0, 0
        li    t0, ${STATE}
        ld    sp, 16(t0)
        tail  harness.done
`,
    ),
    // a0 = result, a1 = pc of the trap.
    assembleFunction(
      'harness.done',
      `
        li    s11, ${RECORD_AT}
        sd    a1, 0(s11)
        sd    a0, 8(s11)
        li    t0, ${STATE}
        ld    s0, 0(t0)
        addi  s0, s0, -${CASE}
        ${callTable(4)}
        addi  a0, s11, 16
        li    a1, ${WINDOW}
        li    a2, ${IMAGE_SIZE}
        call  __memmove
        li    a0, 1
        mv    a1, s11
        li    a2, ${RECORD}
        li    a7, ${NR.write}
        ecall
        bne   a0, a2, bad
        tail  harness.next
bad:    li    a0, ${EXIT_WRITE_FAILED}
        li    a7, ${NR.exitGroup}
        ecall
`,
    ),
  ];
}

/** The outcomes that the harness wrote, in order; fewer than there are runs where the process died. */
export function readOutcomes(stdout: Uint8Array, linked: Linked): Outcome[] {
  const causes = new Map(linked.code.traps.map(({ pc, cause }) => [linked.layout.text.start + pc, cause]));
  const view = viewOf(stdout);
  const out: Outcome[] = [];
  for (let at = 0; at + RECORD <= stdout.length; at += RECORD) {
    const pc = Number(view.getBigUint64(at, true));
    out.push({
      trap: pc === 0 ? 0 : (causes.get(pc) ?? NOT_A_TRAP),
      result: view.getBigUint64(at + 8, true),
      image: stdout.slice(at + 16, at + RECORD),
    });
  }
  return out;
}
