/**
 * Runtime of target `user`: process entry, and a linear memory that grows by mmap for a program whose libc does not
 * bring `memorySize` and `memoryGrow`.
 */
import { assembleFunction } from '../asm/asm.ts';
import type { MFunction, MGlobal } from '../asm/minsn.ts';

/** Linux riscv64 (asm-generic) numbers. */
const NR_EXIT_GROUP = 94;
const NR_MMAP = 222;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_FIXED_ANONYMOUS = 0x32;
/** Linear memory ends below 2 GiB, where a wasm pointer would turn negative. */
const MAX_PAGES = 0x7fff;

/** `start` is the wasm start function, or null. */
export function userEntry(start: string | null, main: string): MFunction {
  return assembleFunction(
    '_start',
    `
        la    gp, __global_pointer$
        mv    s0, sp
        andi  sp, sp, -16
        ${start === null ? '' : `call ${start}`}
        mv    a0, s0
        call  ${main}
        li    a0, 0
        li    a7, ${NR_EXIT_GROUP}
        ecall
        ebreak                        # exit_group does not return
`,
  );
}

export function memoryPagesGlobal(pages: number): MGlobal {
  return { name: '__memory_pages', size: 4, init: BigInt(pages) };
}

/** memory.size and memory.grow over `__memory_pages`, in 64 KiB pages. */
export function growByMmap(): MFunction[] {
  const size: MFunction = {
    name: '__memory_size',
    insns: [{ op: 'lw', rd: 10, sym: '__memory_pages' }, { op: 'ret' }],
    frameSize: 0,
    raSlot: null,
  };
  const grow = assembleFunction(
    '__memory_grow',
    `
        la    t0, __memory_pages
        lw    t1, 0(t0)
        slli  t2, a0, 32              # unsigned
        srli  t2, t2, 32
        add   t3, t1, t2
        li    t4, ${MAX_PAGES}
        bgtu  t3, t4, fail
        beqz  t2, done
        slli  a0, t1, 16
        slli  a1, t2, 16
        li    a2, ${PROT_READ_WRITE}
        li    a3, ${MAP_PRIVATE_FIXED_ANONYMOUS}
        li    a4, -1
        li    a5, 0
        li    a7, ${NR_MMAP}
        ecall
        bltz  a0, fail
        sw    t3, 0(t0)
done:   mv    a0, t1
        ret
fail:   li    a0, -1
        ret
`,
  );
  return [size, grow];
}
