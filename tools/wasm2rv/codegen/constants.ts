/**
 * Constants in registers. A constant used in a loop is made before the outermost loop around the use, one used elsewhere
 * just before its first use in the block. The allocator makes it again at each use rather than spill it.
 */
import { must } from '../../../emulator/base/assert.ts';
import { X0, isFloatType } from '../ir/abi.ts';
import type { Block, Value } from '../ir/ir.ts';
import { preheader } from '../ir/edges.ts';
import type { Selector } from './isel.ts';
import { expandLi } from '../asm/li.ts';
import { type LBlock, type LInsn, insn } from './lir.ts';

/** Up to this many instructions, a copy to a fixed place makes the constant anew. */
const CHEAP = 2;

export class ConstantPool {
  private readonly homes = new Map<Block, Map<Value, number>>();

  constructor(private readonly s: Selector) {}

  isMadeInPlace(value: Value): boolean {
    return value.isConst && !isFloatType(value.type) && instructionCount(value.bits) <= CHEAP;
  }

  use(value: Value, block: Block): number {
    if (value.bits === 0n && !isFloatType(value.type)) return X0;
    const home = outermostLoop(block) ?? block;
    let regs = this.homes.get(home);
    if (regs === undefined) this.homes.set(home, (regs = new Map<Value, number>()));
    let reg = regs.get(value);
    if (reg === undefined) regs.set(value, (reg = this.s.newReg(isFloatType(value.type))));
    return reg;
  }

  /** Inserts the instructions, once all blocks are selected. */
  place(lower: ReadonlyMap<Block, LBlock>): void {
    for (const [home, regs] of this.homes) {
      if (home.loop === null) {
        const block = must(lower.get(home), 'block');
        for (const [value, reg] of regs) {
          const at = block.insns.findIndex(i => i.uses.includes(reg));
          block.insns.splice(at, 0, ...this.make(value, reg, block.insns[at]!.off));
        }
      } else {
        const before = must(lower.get(must(preheader(home), 'block before a loop')), 'block');
        for (const [value, reg] of regs) {
          const last = before.insns[before.insns.length - 1]!;
          before.insns.splice(before.insns.length - 1, 0, ...this.make(value, reg, last.off));
        }
      }
    }
  }

  private make(value: Value, reg: number, off: number): LInsn[] {
    if (!isFloatType(value.type)) return [insn('li', [reg], [], off, value.bits)];
    const move = value.type === 'f32' ? 'fmv.w.x' : 'fmv.d.x';
    if (value.bits === 0n) return [insn(move, [reg], [X0], off)];
    const bits = this.s.newReg(false);
    const signed = value.type === 'f32' ? BigInt.asIntN(32, value.bits) : BigInt.asIntN(64, value.bits);
    return [insn('li', [bits], [], off, signed), insn(move, [reg], [bits], off)];
  }
}

function outermostLoop(block: Block): Block | null {
  let loop = block.loop;
  while (loop?.outerLoop) loop = loop.outerLoop;
  return loop;
}

const counts = new Map<bigint, number>();

/** Length of the `li` sequence; the same few constants are asked for again and again. */
export function instructionCount(bits: bigint): number {
  let count = counts.get(bits);
  if (count === undefined) counts.set(bits, (count = expandLi(1, bits).length));
  return count;
}
