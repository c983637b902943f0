/**
 * Runtime of target `kernel`: boot stub, trap entry and exit. The contract (page tables, trap frame, exports called) is
 * docs/wasm2rv.md. The boot stub runs at physical addresses with the MMU off until it jumps to `boot.high`.
 */
import { X_NAMES } from '../../../emulator/isa/registers.ts';
import { assembleFunction } from '../asm/asm.ts';
import type { MFunction, MGlobal } from '../asm/minsn.ts';

/** Offsets in the trap frame; x_i is at 8 · i. */
const FRAME = { sepc: 0, sstatus: 256, scause: 264, stval: 272 } as const;
/** Leaf page-table entries of a gigapage with V R W X A D, at PA 0x8000_0000 and at PA 0. */
const PTE_RAM = 0x200000cf;
const PTE_MMIO = 0xcf;
const SATP_SV39 = 8;

const SP = 2;
const GENERAL = X_NAMES.map((name, index) => ({ name, index })).filter(({ index }) => index !== 0 && index !== SP);

/** Wasm exports that the stubs call, by name of the compiled function. */
export interface KernelExports {
  start: string | null;
  kmain: string;
  trapUser: string;
  trapKernel: string;
}

export function kernelGlobals(): MGlobal[] {
  return [{ name: 'boot.claimed', size: 4, init: 0n }];
}

/** The boot stub comes first in text: its address is the lowest loaded one, where firmware jumps. */
export function bootStub(): MFunction {
  return assembleFunction(
    'boot',
    `
        csrw  sie, zero
        lla   t0, boot.claimed
        li    t1, 1
        amoswap.w.aqrl t1, t1, (t0)
        bnez  t1, park                # the first hart goes on, others wait for ever
        lla   t0, bss_start
        lla   t1, bss_end
clear1: sd    zero, 0(t0)
        addi  t0, t0, 8
        bltu  t0, t1, clear1
        lla   t0, memory_bss_start
        lla   t1, heap_base
        beq   t0, t1, table
clear2: sd    zero, 0(t0)
        addi  t0, t0, 8
        bltu  t0, t1, clear2
table:  lla   t0, boot.page_table
        li    t1, ${PTE_RAM}
        sd    t1, 16(t0)              # 0x8000_0000: where this code runs now
        li    t2, 4080
        add   t2, t2, t0
        sd    t1, 0(t2)               # 0xffff_ffff_8000_0000
        li    t1, ${PTE_MMIO}
        sd    t1, 8(t2)               # 0xffff_ffff_c000_0000
        srli  t0, t0, 12
        li    t1, ${SATP_SV39}
        slli  t1, t1, 60
        or    t0, t0, t1
        sfence.vma
        csrw  satp, t0
        sfence.vma
        la    t0, boot.high
        jr    t0
park:   wfi
        j     park
`,
  );
}

export function kernelStubs(exports: KernelExports): MFunction[] {
  return [bootHigh(exports), trapEntry(exports), trapExit()];
}

function bootHigh({ start, kmain }: KernelExports): MFunction {
  return assembleFunction(
    'boot.high',
    `
        la    gp, __global_pointer$
        la    sp, kstack_top
        la    t0, trap_entry
        csrw  stvec, t0
        csrw  sscratch, zero
        mv    s0, a0
        mv    s1, a1
        ${start === null ? '' : `call ${start}`}
        mv    a0, s0
        mv    a1, s1
        call  ${kmain}
        tail  trap_exit
`,
  );
}

function trapEntry({ trapUser, trapKernel }: KernelExports): MFunction {
  const saveGeneral = GENERAL.map(({ name, index }) => `sd ${name}, ${8 * index}(sp)`).join('\n');
  const saveCsrs = (['sepc', 'sstatus', 'scause', 'stval'] as const)
    .map(csr => `csrr t1, ${csr}\n sd t1, ${FRAME[csr]}(sp)`)
    .join('\n');
  return assembleFunction(
    'trap_entry',
    `
        csrrw sp, sscratch, sp        # user: sp = its frame; kernel: 0
        beqz  sp, kernel
        ${saveGeneral}
        csrrw t0, sscratch, zero
        sd    t0, ${8 * SP}(sp)
        ${saveCsrs}
        mv    a0, sp
        la    gp, __global_pointer$
        la    sp, kstack_top
        call  ${trapUser}
        tail  trap_exit
kernel: la    sp, trap.kernel_frame
        ${saveGeneral}
        csrrw t0, sscratch, zero
        sd    t0, ${8 * SP}(sp)
        ${saveCsrs}
        mv    a0, sp
        la    gp, __global_pointer$
        la    sp, estack_top
        call  ${trapKernel}
stop:   wfi                           # trapKernel has broken its promise not to return
        j     stop
`,
  );
}

/** Resumes the user-mode frame in a0. */
function trapExit(): MFunction {
  const restore = GENERAL.filter(({ name }) => name !== 'a0')
    .map(({ name, index }) => `ld ${name}, ${8 * index}(a0)`)
    .join('\n');
  return assembleFunction(
    'trap_exit',
    `
        ld    t0, ${FRAME.sstatus}(a0)
        csrw  sstatus, t0
        ld    t0, ${FRAME.sepc}(a0)
        csrw  sepc, t0
        sc.d  zero, t0, (a0)          # a reservation must not outlive the task; a success stores what is there already
        csrw  sscratch, a0
        ${restore}
        ld    sp, ${8 * SP}(a0)
        ld    a0, 80(a0)
        sret
`,
  );
}

/** memory.size and memory.grow for a kernel that does not export its own: fixed size. */
export function fixedMemory(pages: number): MFunction[] {
  return [
    assembleFunction('__memory_size', `li a0, ${pages}\n ret`),
    assembleFunction('__memory_grow', 'li a0, -1\n ret'),
  ];
}
