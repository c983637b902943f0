/**
 * Counting bits without Zbb. Argument and result in a0; only a0, a1, t0, t1 and ra are clobbered, so that callers keep their
 * values in the other caller-saved registers.
 */
import { assembleFunction } from '../asm/asm.ts';
import type { MFunction } from '../asm/minsn.ts';

const SOURCES: Readonly<Record<string, string>> = {
  // Halves the field that is searched: 32, 16, 8, 4, 2, 1.
  __clz64: `
        mv    t0, a0
        li    a0, 64
        beqz  t0, end
        li    a0, 0
        srli  t1, t0, 32
        bnez  t1, b16
        addi  a0, a0, 32
        slli  t0, t0, 32
b16:    srli  t1, t0, 48
        bnez  t1, b8
        addi  a0, a0, 16
        slli  t0, t0, 16
b8:     srli  t1, t0, 56
        bnez  t1, b4
        addi  a0, a0, 8
        slli  t0, t0, 8
b4:     srli  t1, t0, 60
        bnez  t1, b2
        addi  a0, a0, 4
        slli  t0, t0, 4
b2:     srli  t1, t0, 62
        bnez  t1, b1
        addi  a0, a0, 2
        slli  t0, t0, 2
b1:     srli  t1, t0, 63
        xori  t1, t1, 1
        add   a0, a0, t1
end:    ret
`,
  __ctz64: `
        mv    t0, a0
        li    a0, 64
        beqz  t0, end
        li    a0, 0
        slli  t1, t0, 32
        bnez  t1, b16
        addi  a0, a0, 32
        srli  t0, t0, 32
b16:    slli  t1, t0, 48
        bnez  t1, b8
        addi  a0, a0, 16
        srli  t0, t0, 16
b8:     slli  t1, t0, 56
        bnez  t1, b4
        addi  a0, a0, 8
        srli  t0, t0, 8
b4:     slli  t1, t0, 60
        bnez  t1, b2
        addi  a0, a0, 4
        srli  t0, t0, 4
b2:     slli  t1, t0, 62
        bnez  t1, b1
        addi  a0, a0, 2
        srli  t0, t0, 2
b1:     andi  t1, t0, 1
        xori  t1, t1, 1
        add   a0, a0, t1
end:    ret
`,
  // Sums of 2, 4, then 8 bits; a multiplication adds the bytes.
  __popcnt64: `
        li    t0, 0x5555555555555555
        srli  t1, a0, 1
        and   t1, t1, t0
        sub   a0, a0, t1
        li    t0, 0x3333333333333333
        and   t1, a0, t0
        srli  a0, a0, 2
        and   a0, a0, t0
        add   a0, a0, t1
        srli  t1, a0, 4
        add   a0, a0, t1
        li    t0, 0x0f0f0f0f0f0f0f0f
        and   a0, a0, t0
        li    t0, 0x0101010101010101
        mul   a0, a0, t0
        srli  a0, a0, 56
        ret
`,
};

/** Those of the routines that `functions` call. */
export function bitRoutines(functions: readonly MFunction[]): MFunction[] {
  const called = new Set<string>();
  for (const { insns } of functions) for (const { op, sym } of insns) if (op === 'call' && sym) called.add(sym);
  return Object.entries(SOURCES)
    .filter(([name]) => called.has(name))
    .map(([name, text]) => assembleFunction(name, text));
}
