/**
 * Runtime routines that compiled code calls for bulk memory, LP64D:
 *
 * - `__memmove(dst, src, n)`, `__memset(dst, byte, n)`: 64-bit addresses and lengths; copy is memmove.
 *
 * Words wherever the alignment of the two ends allows; a forward copy between different alignments joins shifted words.
 * No access is ever misaligned: that is slow or traps on some machines.
 */
import { assembleFunction } from '../asm/asm.ts';
import type { MFunction } from '../asm/minsn.ts';

const COPY = `
        beq   a0, a1, done
        sub   t0, a0, a1
        bltu  t0, a2, backward        # dst is inside [src, src + n): from the end
        or    t0, a0, a1
        andi  t0, t0, 7
        beqz  t0, even
        li    t1, 16
        bltu  a2, t1, bytes
align:  andi  t0, a0, 7
        beqz  t0, aligned
        lbu   t2, 0(a1)
        sb    t2, 0(a0)
        addi  a0, a0, 1
        addi  a1, a1, 1
        addi  a2, a2, -1
        j     align
aligned:
        andi  t0, a1, 7
        bnez  t0, shifted
even:   li    t1, 64
        bltu  a2, t1, words
blocks: ld    a3, 0(a1)
        ld    a4, 8(a1)
        ld    a5, 16(a1)
        ld    a6, 24(a1)
        ld    a7, 32(a1)
        ld    t2, 40(a1)
        ld    t3, 48(a1)
        ld    t4, 56(a1)
        sd    a3, 0(a0)
        sd    a4, 8(a0)
        sd    a5, 16(a0)
        sd    a6, 24(a0)
        sd    a7, 32(a0)
        sd    t2, 40(a0)
        sd    t3, 48(a0)
        sd    t4, 56(a0)
        addi  a0, a0, 64
        addi  a1, a1, 64
        addi  a2, a2, -64
        bgeu  a2, t1, blocks
words:  li    t1, 8
        bltu  a2, t1, rest
word:   ld    a3, 0(a1)
        sd    a3, 0(a0)
        addi  a0, a0, 8
        addi  a1, a1, 8
        addi  a2, a2, -8
        bgeu  a2, t1, word
rest:   andi  t0, a2, 4               # both ends are aligned still
        beqz  t0, rest2
        lw    a3, 0(a1)
        sw    a3, 0(a0)
        addi  a0, a0, 4
        addi  a1, a1, 4
rest2:  andi  t0, a2, 2
        beqz  t0, rest1
        lh    a3, 0(a1)
        sh    a3, 0(a0)
        addi  a0, a0, 2
        addi  a1, a1, 2
rest1:  andi  t0, a2, 1
        beqz  t0, done
        lb    a3, 0(a1)
        sb    a3, 0(a0)
        ret
bytes:  beqz  a2, done
        add   a2, a2, a0              # end of the destination
byte:   lbu   t2, 0(a1)
        sb    t2, 0(a0)
        addi  a0, a0, 1
        addi  a1, a1, 1
        bne   a0, a2, byte
done:   ret

shifted:                              # t0 = src & 7, not 0; each word read holds a byte that is wanted
        slli  t3, t0, 3
        neg   t4, t3                  # shifts count modulo 64
        sub   a3, a1, t0
        li    t1, 8
        ld    t5, 0(a3)
join:   bltu  a2, t1, joined
        ld    t6, 8(a3)
        srl   a4, t5, t3
        sll   a5, t6, t4
        or    a4, a4, a5
        sd    a4, 0(a0)
        mv    t5, t6
        addi  a3, a3, 8
        addi  a0, a0, 8
        addi  a1, a1, 8
        addi  a2, a2, -8
        j     join
joined: j     bytes

backward:
        add   a0, a0, a2
        add   a1, a1, a2
        xor   t0, a0, a1
        andi  t0, t0, 7
        bnez  t0, tail
        li    t1, 8
ends:   bltu  a2, t1, tail
        andi  t0, a0, 7
        beqz  t0, back
        addi  a0, a0, -1
        addi  a1, a1, -1
        lbu   t2, 0(a1)
        sb    t2, 0(a0)
        addi  a2, a2, -1
        j     ends
back:   bltu  a2, t1, tail
        addi  a0, a0, -8
        addi  a1, a1, -8
        ld    t2, 0(a1)
        sd    t2, 0(a0)
        addi  a2, a2, -8
        j     back
tail:   beqz  a2, done
        addi  a0, a0, -1
        addi  a1, a1, -1
        lbu   t2, 0(a1)
        sb    t2, 0(a0)
        addi  a2, a2, -1
        j     tail
`;

const FILL = `
        add   a3, a0, a2              # end
        li    t1, 16
        bltu  a2, t1, bytes
        andi  a1, a1, 255
        slli  t0, a1, 8
        or    a1, a1, t0
        slli  t0, a1, 16
        or    a1, a1, t0
        slli  t0, a1, 32
        or    a1, a1, t0
align:  andi  t0, a0, 7
        beqz  t0, aligned
        sb    a1, 0(a0)
        addi  a0, a0, 1
        j     align
aligned:
        andi  a4, a3, -8              # end of the words
        addi  a5, a4, -56
        bgeu  a0, a5, words
blocks: sd    a1, 0(a0)
        sd    a1, 8(a0)
        sd    a1, 16(a0)
        sd    a1, 24(a0)
        sd    a1, 32(a0)
        sd    a1, 40(a0)
        sd    a1, 48(a0)
        sd    a1, 56(a0)
        addi  a0, a0, 64
        bltu  a0, a5, blocks
words:  beq   a0, a4, bytes
        sd    a1, 0(a0)
        addi  a0, a0, 8
        j     words
bytes:  beq   a0, a3, done
        sb    a1, 0(a0)
        addi  a0, a0, 1
        j     bytes
done:   ret
`;

export function memoryRoutines(): MFunction[] {
  return [assembleFunction('__memmove', COPY), assembleFunction('__memset', FILL)];
}
