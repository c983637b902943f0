/**
 * The harness around a batch of modules, for both targets: makes the window and the globals anew for every run, calls `run`
 * and `dump`, survives traps, and delivers a record per run: as a Linux program to stdout, on the bare machine in RAM.
 */
import { assembleFunction } from '../asm/asm.ts';
import type { Target } from '../link/layout.ts';
import { BASES, WASM_PAGE } from '../link/layout.ts';
import type { MFunction } from '../asm/minsn.ts';
import { IMAGE_SIZE } from './emit.ts';

/** A record: pc of the trap or 0, result, then the image. */
export const RECORD = 16 + IMAGE_SIZE;
/** A case: table indices of run and dump (u32 each), two arguments. */
export const CASE = 24;

/** Addresses of the harness's memory; the window is the first page of linear memory. */
export interface Places {
  window: number;
  /** The page behind the window's: initial image, variables, the record being made, the cases. */
  base: number;
  state: number;
  cases: number;
  /** Where the records go on the bare machine. */
  records: number;
}

export function placesOf(target: Target): Places {
  const window = BASES[target].memory;
  const base = window + WASM_PAGE;
  return { window, base, state: base + 0x800, cases: base + 0x1000, records: window + 0x0100_0000 };
}

/** Variables at `state`: the next case, how many are left, sp to go on with after a trap, where the next record goes. */
export const STATE = { next: 0, left: 8, sp: 16, record: 24 } as const;
const RECORD_OFFSET = 0x900;
const SIGACTION_OFFSET = 0x880;

/** In the signal frame's ucontext: the saved pc (asm/ucontext.h of riscv). */
const UCONTEXT_PC = 176;
const SIGTRAP = 5;
const SA_SIGINFO_NODEFER = 0x40000004;
const NR = { write: 64, exitGroup: 94, sigaction: 134 } as const;
const EXIT_WRITE_FAILED = 3;
const SSTATUS_FS_DIRTY = 0x6000;
const FINISHER = 0xffffffffc0100000n;
const FINISHER_PASS = 0x5555;

/** What differs between the targets. */
interface Parts {
  /** Makes traps go to harness.trap. */
  init: string;
  /** Body of harness.trap: a1 = pc of the trap. */
  trapPc: string;
  /** Delivers the record at s11; clobbers what a call does. */
  deliver: string;
  end: string;
}

function parts(target: Target, { base, state, records }: Places): Parts {
  if (target === 'user') {
    return {
      init: `
        la    t0, harness.trap
        li    a1, ${base + SIGACTION_OFFSET}
        sd    t0, 0(a1)
        li    t0, ${SA_SIGINFO_NODEFER}
        sd    t0, 8(a1)
        li    a0, ${SIGTRAP}
        li    a2, 0
        li    a3, 8
        li    a7, ${NR.sigaction}
        ecall
`,
      trapPc: `ld a1, ${UCONTEXT_PC}(a2)`,
      deliver: `
        li    a0, 1
        mv    a1, s11
        li    a2, ${RECORD}
        li    a7, ${NR.write}
        ecall
        beq   a0, a2, good
        li    a0, ${EXIT_WRITE_FAILED}
        li    a7, ${NR.exitGroup}
        ecall
good:
`,
      end: `
        li    a0, 0
        li    a7, ${NR.exitGroup}
        ecall
`,
    };
  }
  return {
    // The kernel's own stack is for kernels: random programs get all that lies below the records.
    init: `
        li    sp, ${address(records)}
        li    t0, ${SSTATUS_FS_DIRTY}
        csrrs zero, sstatus, t0
`,
    trapPc: 'ld a1, 0(a0)',
    deliver: `
        li    t0, ${address(state)}
        ld    a0, ${STATE.record}(t0)
        addi  t1, a0, ${RECORD}
        sd    t1, ${STATE.record}(t0)
        mv    a1, s11
        li    a2, ${RECORD}
        call  __memmove
`,
    end: `
        li    t0, ${FINISHER}
        li    t1, ${FINISHER_PASS}
        sw    t1, 0(t0)
stop:   j     stop
`,
  };
}

/** An address as a register holds it. */
function address(value: number): number {
  return value | 0;
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

/** Functions harness.main, harness.next, harness.trap, harness.done. Registers do not survive a run: see STATE. */
export function harness(target: Target): MFunction[] {
  const places = placesOf(target);
  const { init, trapPc, deliver, end } = parts(target, places);
  const window = address(places.window);
  const base = address(places.base);
  const state = address(places.state);
  const globalsCopy = address(places.window + 2 * WASM_PAGE);
  return [
    assembleFunction(
      'harness.main',
      `
        ${init}
        li    a0, ${globalsCopy}
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
        li    s11, ${state}
        ld    s0, ${STATE.next}(s11)
        ld    s1, ${STATE.left}(s11)
        beqz  s1, end
        addi  t0, s0, ${CASE}
        addi  s1, s1, -1
        sd    t0, ${STATE.next}(s11)
        sd    s1, ${STATE.left}(s11)
        sd    sp, ${STATE.sp}(s11)
        la    a0, data_start
        li    a1, ${globalsCopy}
        la    a2, bss_start
        sub   a2, a2, a0
        call  __memmove
        li    a0, ${window}
        li    a1, ${base}
        li    a2, ${IMAGE_SIZE}
        call  __memmove
        ld    a0, 8(s0)
        ld    a1, 16(s0)
        ${callTable(0)}
        li    a1, 0
        tail  harness.done
end:    ${end}
`,
    ),
    assembleFunction(
      'harness.trap',
      `
        ${trapPc}
        li    a0, 0
        li    t0, ${state}
        ld    sp, ${STATE.sp}(t0)
        tail  harness.done
`,
    ),
    // a0 = result, a1 = pc of the trap.
    assembleFunction(
      'harness.done',
      `
        li    s11, ${base + RECORD_OFFSET}
        sd    a1, 0(s11)
        sd    a0, 8(s11)
        li    t0, ${state}
        ld    s0, ${STATE.next}(t0)
        addi  s0, s0, -${CASE}
        ${callTable(4)}
        addi  a0, s11, 16
        li    a1, ${window}
        li    a2, ${IMAGE_SIZE}
        call  __memmove
        ${deliver}
        tail  harness.next
`,
    ),
  ];
}

/** What the linker's runtime of each target calls. */
export function harnessExports(target: Target): Map<string, string> {
  if (target === 'user') return new Map([['main', 'harness.main']]);
  return new Map([
    ['kmain', 'harness.main'],
    ['trapKernel', 'harness.trap'],
    ['trapUser', 'harness.trap'],
  ]);
}
