/**
 * Allocated low form to the linker's instructions: fall-through, parallel copies, frame, prologue, epilogue.
 *
 * Frame, upwards from sp: arguments for calls, spill slots, callee-saved registers, ra.
 */
import { must } from '../../../emulator/base/assert.ts';
import { alignUp } from '../../../emulator/base/bytes.ts';
import { F, FT11, RA, SP, T1, T6, X0 } from '../ir/abi.ts';
import { layOutBlocks } from './block-layout.ts';
import { frameRegion, regionEntries, touchesFrame } from './frame-region.ts';
import { type LBlock, type LFunction, type LInsn, inverseBranch } from './lir.ts';
import type { MFunction, MInsn } from '../asm/minsn.ts';
import { sequenceMoves } from './parallel-move.ts';
import type { Allocation } from './regalloc.ts';

/** Larger frames touch their pages in order, so that a stack overflow meets the guard page. */
const PROBE_STEP = 2048;
const MAX_IMM = 2047;

export function emitFunction(fn: LFunction, allocation: Allocation): MFunction {
  return new FunctionEmitter(fn, allocation).emit();
}

class FunctionEmitter {
  private readonly out: MInsn[] = [];
  private readonly traps: { label: number; cause: number; off: number; hasFrame: boolean }[] = [];
  private readonly labels = new Map<LBlock, number>();
  private nextLabel = 0;
  private readonly slotBase: number;
  private readonly saves: { reg: number; offset: number }[] = [];
  private readonly frameSize: number;
  private readonly raOffset: number | null = null;
  private off: number;
  /** Whether the frame exists at this place, and what the last `frame` op said. */
  private hasFrame = false;
  private saidFrame = false;

  constructor(
    private readonly fn: LFunction,
    { slotCount, usedCalleeSaved }: Allocation,
  ) {
    this.off = fn.off;
    this.slotBase = fn.outgoingSize;
    let size = this.slotBase + 8 * slotCount;
    for (const reg of usedCalleeSaved) {
      this.saves.push({ reg, offset: size });
      size += 8;
    }
    if (fn.blocks.some(block => block.insns.some(i => i.op === 'call'))) {
      this.raOffset = size;
      size += 8;
    }
    this.frameSize = alignUp(size, 16);
  }

  emit(): MFunction {
    const { fn } = this;
    const layout = layOutBlocks(fn.blocks);
    const region =
      this.frameSize > 0 ? frameRegion(layout, block => block.insns.some(touchesFrame)) : new Set<LBlock>();
    const entries = regionEntries(layout, region);
    if (this.frameSize > 0) this.push({ op: 'frame', imm: 0, target: -1 });
    for (const block of layout) this.labels.set(block, this.nextLabel++);
    layout.forEach((block, i) => {
      this.push({ op: 'label', target: this.labels.get(block)! });
      this.hasFrame = region.has(block) && !entries.has(block);
      this.sayFrame();
      if (entries.has(block)) this.prologue(block.isCold);
      for (const insn of block.insns) this.instruction(insn, block, layout[i + 1]);
    });
    for (const { label, cause, off, hasFrame } of this.traps) {
      this.off = off;
      this.push({ op: 'label', target: label });
      this.hasFrame = hasFrame;
      this.sayFrame();
      this.push({ op: 'trap', imm: cause });
    }
    return { name: fn.name, insns: this.out, frameSize: this.frameSize, raSlot: this.raOffset, off: fn.off };
  }

  private push(insn: MInsn): void {
    this.out.push(insn.op === 'label' || insn.op === 'frame' ? insn : { ...insn, off: this.off });
  }

  private label(block: LBlock | undefined): number {
    return must(this.labels.get(must(block, 'successor')), 'label of a block');
  }

  /** Tells unwinders of a change. */
  private sayFrame(): void {
    if (this.hasFrame === this.saidFrame) return;
    this.saidFrame = this.hasFrame;
    if (this.hasFrame) this.push({ op: 'frame', imm: this.frameSize, target: this.raOffset ?? -1 });
    else this.push({ op: 'frame', imm: 0, target: -1 });
  }

  /** A cold path does not return and restores nothing: ra alone is saved, for backtraces. */
  private prologue(isCold: boolean): void {
    if (this.frameSize <= PROBE_STEP) {
      this.push({ op: 'addi', rd: SP, rs1: SP, imm: -this.frameSize });
    } else {
      for (let left = this.frameSize; left > 0; left -= PROBE_STEP) {
        this.push({ op: 'addi', rd: SP, rs1: SP, imm: -Math.min(left, PROBE_STEP) });
        this.push({ op: 'sd', rs1: SP, rs2: X0, imm: 0 });
      }
    }
    if (this.raOffset !== null) this.access('sd', RA, this.raOffset);
    this.hasFrame = true;
    this.sayFrame();
    if (!isCold) for (const { reg, offset } of this.saves) this.access(reg >= F ? 'fsd' : 'sd', reg, offset);
  }

  private epilogue(): void {
    if (!this.hasFrame) return;
    for (const { reg, offset } of this.saves) this.access(reg >= F ? 'fld' : 'ld', reg, offset);
    if (this.raOffset !== null) this.access('ld', RA, this.raOffset);
    if (this.frameSize <= MAX_IMM) this.push({ op: 'addi', rd: SP, rs1: SP, imm: this.frameSize });
    else {
      this.push({ op: 'li', rd: T6, imm: this.frameSize });
      this.push({ op: 'add', rd: SP, rs1: SP, rs2: T6 });
    }
    this.hasFrame = false;
    this.sayFrame();
  }

  /** Load or store of a machine register (numbered 0–63) in the frame. */
  private access(op: string, reg: number, offset: number): void {
    const isStore = op.startsWith('s') || op.startsWith('fs');
    const value = reg & 31;
    let base = SP;
    let imm = offset;
    if (offset > MAX_IMM) {
      // T6 may hold the value itself: a load can use its own destination, and T6 is stored by nobody.
      base = T6;
      imm = 0;
      this.push({ op: 'li', rd: T6, imm: offset });
      this.push({ op: 'add', rd: T6, rs1: T6, rs2: SP });
    }
    this.push(isStore ? { op, rs1: base, rs2: value, imm } : { op, rd: value, rs1: base, imm });
  }

  private instruction(insn: LInsn, block: LBlock, next: LBlock | undefined): void {
    this.off = insn.off;
    const { uses, defs } = insn;
    switch (insn.op) {
      case 'pcopy':
        return this.parallelCopy(insn);
      case 'mv':
        if (defs[0] !== uses[0]) this.push({ op: 'mv', rd: defs[0]!, rs1: uses[0]! });
        return;
      case 'li':
        this.push({ op: 'li', rd: defs[0]!, imm: insn.imm });
        return;
      case 'la':
        this.push({ op: 'la', rd: defs[0]!, sym: insn.sym });
        return;
      case 'reload':
        this.access(defs[0]! >= F ? 'fld' : 'ld', defs[0]!, this.slotBase + 8 * Number(insn.imm));
        return;
      case 'spill':
        this.access(uses[0]! >= F ? 'fsd' : 'sd', uses[0]!, this.slotBase + 8 * Number(insn.imm));
        return;
      case 'select':
        return this.select(insn);
      case 'trapif': {
        const label = this.nextLabel++;
        this.traps.push({ label, cause: Number(insn.imm), off: insn.off, hasFrame: this.hasFrame });
        this.push({ op: insn.cond, rs1: uses[0]!, rs2: uses[1]!, target: label });
        return;
      }
      case 'trap':
        this.push({ op: 'trap', imm: insn.imm });
        return;
      case 'branch':
        return this.branch(insn, block, next);
      case 'jump':
        if (block.succs[0] !== next) this.push({ op: 'j', target: this.label(block.succs[0]) });
        return;
      case 'switch':
        this.push({ op: 'bgeu', rs1: uses[0]!, rs2: uses[1]!, target: this.label(block.succs[0]) });
        this.push({
          op: 'jtab',
          rs1: uses[0]!,
          rd: defs[0]!,
          rs2: defs[1]!,
          targets: insn.targets.map(t => this.label(block.succs[t])),
        });
        return;
      case 'ret':
        this.epilogue();
        this.push({ op: 'ret' });
        return;
      case 'tail':
        return this.tail(insn);
      case 'call':
        if (insn.sym !== '') this.push({ op: 'call', sym: insn.sym });
        else this.push({ op: 'jalr', rd: RA, rs1: uses[0]!, imm: 0 });
        return;
      default:
        return this.plain(insn);
    }
  }

  private tail(insn: LInsn): void {
    if (insn.sym !== '') {
      this.epilogue();
      this.push({ op: 'tail', sym: insn.sym });
      return;
    }
    // The epilogue may restore the register that holds the address.
    this.push({ op: 'mv', rd: T1, rs1: insn.uses[0]! });
    this.epilogue();
    this.push({ op: 'jalr', rd: X0, rs1: T1, imm: 0 });
  }

  private branch({ cond, uses }: LInsn, { succs }: LBlock, next: LBlock | undefined): void {
    const [then, otherwise] = succs;
    const [rs1, rs2] = uses as [number, number];
    if (then === next) {
      this.push({ op: inverseBranch(cond), rs1, rs2, target: this.label(otherwise) });
      return;
    }
    this.push({ op: cond, rs1, rs2, target: this.label(then) });
    if (otherwise !== next) this.push({ op: 'j', target: this.label(otherwise) });
  }

  private move(to: number, from: number): void {
    const slot = (n: number): number => this.slotBase + 8 * (-1 - n);
    if (to < 0 && from < 0) {
      this.access('ld', T6, slot(from));
      // The scratch register holds the value, so a far slot is reached through the float scratch register instead.
      if (slot(to) <= MAX_IMM) this.access('sd', T6, slot(to));
      else {
        this.push({ op: 'fmv.d.x', rd: FT11 & 31, rs1: T6 });
        this.access('fsd', FT11, slot(to));
      }
    } else if (to < 0) this.access(from >= F ? 'fsd' : 'sd', from, slot(to));
    else if (from < 0) this.access(to >= F ? 'fld' : 'ld', to, slot(from));
    else if (to >= F) this.push({ op: 'fsgnj.d', rd: to - F, rs1: from - F, rs2: from - F });
    else this.push({ op: 'mv', rd: to, rs1: from });
  }

  private parallelCopy({ defs, uses }: LInsn): void {
    const moves = defs.map((to, i) => ({ to, from: uses[i]! }));
    for (const { to, from } of sequenceMoves(moves, of => (of >= F ? FT11 : T6))) this.move(to, from);
  }

  private select({ cond, defs, uses }: LInsn): void {
    const d = defs[0]!;
    const [rs1, rs2, then, otherwise] = uses as [number, number, number, number];
    if (then === otherwise) {
      if (d !== then) this.move(d, then);
      return;
    }
    const label = this.nextLabel++;
    if (d === otherwise) {
      this.push({ op: inverseBranch(cond), rs1, rs2, target: label });
      this.move(d, then);
    } else {
      if (d !== then) this.move(d, then);
      this.push({ op: cond, rs1, rs2, target: label });
      this.move(d, otherwise);
    }
    this.push({ op: 'label', target: label });
  }

  /** A real instruction: defs and uses are rd, rs1, rs2, rs3 in this order. */
  private plain(insn: LInsn): void {
    const { op, uses, defs } = insn;
    const out: MInsn = { op };
    if (defs.length > 0) out.rd = defs[0]! & 31;
    const isStore = STORES.has(op);
    if (insn.sym !== '') {
      out.sym = insn.sym;
      if (isStore) out.rs2 = uses[0]! & 31;
      if (isStore || op.startsWith('f')) out.rs3 = T6;
    } else if (isStore || insn.isIncoming || LOADS.has(op)) {
      const imm = Number(insn.imm) + (insn.isIncoming && this.hasFrame ? this.frameSize : 0);
      if (imm > MAX_IMM) return this.access(op, isStore ? uses[1]! : defs[0]!, imm);
      out.imm = imm;
      out.rs1 = uses[0]! & 31;
      if (isStore) out.rs2 = uses[1]! & 31;
    } else {
      out.imm = insn.imm;
      if (uses.length > 0) out.rs1 = uses[0]! & 31;
      if (uses.length > 1) out.rs2 = uses[1]! & 31;
    }
    if (insn.rm >= 0) out.rm = insn.rm;
    this.push(out);
  }
}

const STORES: ReadonlySet<string> = new Set(['sb', 'sh', 'sw', 'sd', 'fsw', 'fsd']);
const LOADS: ReadonlySet<string> = new Set(['lb', 'lbu', 'lh', 'lhu', 'lw', 'lwu', 'ld', 'flw', 'fld']);
