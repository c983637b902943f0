/**
 * Instruction selection: SSA to RISC-V instructions over virtual registers, each block from its end to its start, so that a
 * value is selected when it is known who needs it: folded comparisons, addresses and dead code cost nothing.
 *
 * Phis become parallel copies at the end of the predecessors (critical edges are split before). Constants that no immediate
 * field takes are put in registers by constants.ts.
 */
import { must } from '../../../emulator/base/assert.ts';
import { FIRST_VIRTUAL, SP, argumentPlaces, isFloatType, resultRegister } from '../ir/abi.ts';
import { frequency } from '../ir/cfg.ts';
import { ConstantPool } from './constants.ts';
import { type Block, type IrFunction, type Terminator, type Value } from '../ir/ir.ts';
import { effectOf } from '../ir/ir-ops.ts';
import { selectValue } from './isel-values.ts';
import { conditionOf } from './isel-conditions.ts';
import { type LBlock, type LFunction, type LInsn, insn } from './lir.ts';

export class Selector {
  readonly isFloat: boolean[] = [];
  readonly constants = new ConstantPool(this);
  outgoingSize = 0;
  /** Values that a phi reads: folding them into addresses would lengthen lives across loops. */
  readonly phiOperands = new Set<Value>();
  block!: Block;
  /** Instructions of the value being selected, in order. */
  private pending: LInsn[] = [];
  off = 0;

  constructor(readonly fn: IrFunction) {}

  newReg(isFloat: boolean): number {
    this.isFloat.push(isFloat);
    return FIRST_VIRTUAL + this.isFloat.length - 1;
  }

  /** The register of a value; from now on the value is needed. */
  use(value: Value): number {
    if (value.isConst) return this.constants.use(value, this.block);
    if (value.reg < 0) value.reg = this.newReg(isFloatType(value.type));
    return value.reg;
  }

  emit(op: string, defs: number[], uses: number[], imm: number | bigint = 0): LInsn {
    const made = insn(op, defs, uses, this.off, imm);
    this.pending.push(made);
    return made;
  }

  /** An integer instruction into a new temporary. */
  temp(op: string, uses: number[], imm: number | bigint = 0): number {
    const reg = this.newReg(false);
    this.emit(op, [reg], uses, imm);
    return reg;
  }

  select(): LFunction {
    const { fn } = this;
    const lower = new Map<Block, LBlock>();
    for (const block of fn.blocks) {
      lower.set(block, {
        id: block.order,
        insns: [],
        succs: [],
        freq: frequency(block),
        isCold: block.isCold,
        isHeader: block.loop === block,
        depth: block.depth,
      });
      for (const phi of block.phis) {
        // Back edges are selected before the uses of the phi are: all phis that are left count as needed.
        this.use(phi);
        for (const arg of phi.args) this.phiOperands.add(arg);
      }
    }
    for (let i = fn.blocks.length - 1; i >= 0; i--) {
      const block = fn.blocks[i]!;
      const to = lower.get(block)!;
      to.insns = this.selectBlock(block);
      to.succs = this.successors(block).map(b => lower.get(b)!);
    }
    this.constants.place(lower);
    return {
      name: fn.name,
      blocks: fn.blocks.map(b => lower.get(b)!),
      isFloat: this.isFloat,
      outgoingSize: this.outgoingSize,
      off: fn.off,
    };
  }

  /** In the order that the block's last instruction means. */
  private successors({ term }: Block): Block[] {
    switch (term.kind) {
      case 'jump':
        return [term.target];
      case 'branch':
        return [term.then, term.else];
      case 'switch':
        return [...new Set([term.fallback, ...term.targets])];
      default:
        return [];
    }
  }

  private selectBlock(block: Block): LInsn[] {
    this.block = block;
    const reversed: LInsn[] = [];
    const flush = (): void => {
      for (let i = this.pending.length - 1; i >= 0; i--) reversed.push(this.pending[i]!);
      this.pending = [];
    };
    this.off = block.term.kind === 'none' ? 0 : block.term.off;
    this.terminator(block, block.term);
    flush();
    for (let i = block.values.length - 1; i >= 0; i--) {
      const value = block.values[i]!;
      const effect = effectOf(value.op);
      if (value.op === 'param' || (value.reg < 0 && (effect === 'pure' || effect === 'read'))) continue;
      this.off = value.off;
      selectValue(this, value);
      flush();
    }
    if (block === this.fn.entry) {
      this.parameters();
      flush();
    }
    return reversed.reverse();
  }

  private parameters(): void {
    this.off = this.fn.off;
    const { places } = argumentPlaces(this.fn.params.map(p => p.type));
    const copy = insn('pcopy', [], [], this.off);
    const loads: LInsn[] = [];
    this.fn.params.forEach((param, i) => {
      if (param.reg < 0) return;
      const place = places[i]!;
      if ('stack' in place) {
        const load = insn(loadOp(param), [param.reg], [SP], this.off, place.stack);
        load.isIncoming = true;
        loads.push(load);
      } else if (isFloatType(param.type) && place.reg < 32) {
        loads.push(insn(param.type === 'f32' ? 'fmv.w.x' : 'fmv.d.x', [param.reg], [place.reg], this.off));
      } else {
        copy.defs.push(param.reg);
        copy.uses.push(place.reg);
      }
    });
    // Floats that came in integer registers first: the copy may overwrite those.
    this.pending.push(...loads.filter(load => !load.isIncoming));
    if (copy.defs.length > 0) this.pending.push(copy);
    this.pending.push(...loads.filter(load => load.isIncoming));
  }

  private terminator(block: Block, term: Terminator): void {
    switch (term.kind) {
      case 'jump':
        this.phiCopies(block, term.target);
        this.emit('jump', [], []);
        return;
      case 'branch': {
        const { cond, uses } = conditionOf(this, term.cond);
        this.emit('branch', [], uses).cond = cond;
        return;
      }
      case 'switch':
        return this.switch(term);
      case 'return':
        if (term.value === null) {
          this.emit('ret', [], []);
        } else {
          const reg = resultRegister(term.value.type);
          this.copyTo([{ reg, value: term.value }]);
          this.emit('ret', [], [reg]);
        }
        return;
      case 'tail': {
        const args = term.callee === null ? term.args.slice(1) : term.args;
        const regs = this.passArguments(args);
        const address = term.callee === null ? [this.use(term.args[0]!)] : [];
        this.emit('tail', [], [...address, ...regs]).sym = term.callee ?? '';
        return;
      }
      case 'trap':
        this.emit('trap', [], [], term.cause);
    }
  }

  private switch(term: Terminator & { kind: 'switch' }): void {
    const order = [...new Set([term.fallback, ...term.targets])];
    const limit = this.use(this.fn.constant('i32', BigInt(term.targets.length)));
    const made = this.emit('switch', [this.newReg(false), this.newReg(false)], [this.use(term.index), limit]);
    made.lateUses = 2;
    made.targets = term.targets.map(target => order.indexOf(target));
  }

  private phiCopies(from: Block, to: Block): void {
    const at = to.preds.indexOf(from);
    this.copyTo(to.phis.map(phi => ({ reg: phi.reg, value: must(phi.args[at], 'phi argument') })));
  }

  /** All registers get their values at once; constants are made in place, after the copies. */
  copyTo(pairs: readonly { reg: number; value: Value }[]): void {
    const copy = insn('pcopy', [], [], this.off);
    const consts: { reg: number; value: Value }[] = [];
    for (const pair of pairs) {
      if (this.constants.isMadeInPlace(pair.value)) consts.push(pair);
      else {
        copy.defs.push(pair.reg);
        copy.uses.push(this.use(pair.value));
      }
    }
    if (copy.defs.length > 0) this.pending.push(copy);
    for (const { reg, value } of consts) this.emit('li', [reg], [], value.bits);
  }

  /** Puts the arguments of a call in place; returns the registers that hold some. */
  passArguments(args: readonly Value[]): number[] {
    const { places, stackSize } = argumentPlaces(args.map(arg => arg.type));
    this.outgoingSize = Math.max(this.outgoingSize, stackSize);
    const inRegs: { reg: number; value: Value }[] = [];
    // Float arguments beyond fa7, as bits in integer registers.
    const floats: { reg: number; bits: number }[] = [];
    const regs: number[] = [];
    args.forEach((value, i) => {
      const place = places[i]!;
      if ('stack' in place) {
        this.emit(storeOp(value), [], [SP, this.use(value)], place.stack);
        return;
      }
      regs.push(place.reg);
      if (isFloatType(value.type) && place.reg < 32) {
        const bits = this.temp(value.type === 'f32' ? 'fmv.x.w' : 'fmv.x.d', [this.use(value)]);
        floats.push({ reg: place.reg, bits });
      } else inRegs.push({ reg: place.reg, value });
    });
    this.copyTo(inRegs);
    for (const { reg, bits } of floats) this.emit('mv', [reg], [bits]);
    return regs;
  }
}

function loadOp(value: Value): string {
  return { i32: 'lw', i64: 'ld', f32: 'flw', f64: 'fld', void: '' }[value.type];
}

function storeOp(value: Value): string {
  return { i32: 'sd', i64: 'sd', f32: 'fsw', f64: 'fsd', void: '' }[value.type];
}
