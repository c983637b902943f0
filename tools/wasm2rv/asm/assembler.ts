/**
 * Functions to code: expands pseudo-ops, then chooses the shortest form of every branch, jump and call that reaches.
 *
 * Each MInsn becomes one or more items. An item is two or four bytes of code, perhaps with a relocation, or something whose
 * size depends on distance. Sizes start at their smallest and only grow, so the search ends; the last pass, in which nothing
 * grew, has checked every reach. Symbol values are not needed for that, except gp-relative reach, which the caller knows.
 */
import { alignUp } from '../../../emulator/base/bytes.ts';
import { assert, must } from '../../../emulator/base/assert.ts';
import { compress, encode } from './encode.ts';
import { expandLi } from './li.ts';
import type { MFunction, MInsn } from './minsn.ts';
import { GP, RA, T1, ZERO } from './regs.ts';

/** What a 32-bit word still lacks: a part of `symbol + addend`, absolute or relative to gp, in an I or S immediate. */
interface Reloc {
  kind: 'hi20' | 'lo12i' | 'lo12s' | 'gp12i' | 'gp12s';
  symbol: string;
  addend: number;
}

interface Fixed {
  kind: 'fixed';
  size: 2 | 4;
  word: number;
  reloc?: Reloc;
}
/** A conditional branch to an item: c.beqz/c.bnez, a branch, or a branch around a jump. */
interface Branch {
  kind: 'branch';
  size: number;
  insn: MInsn;
  to: number;
}
/** A jump to an item (rd = zero) or a call or tail call of a function. */
interface Jump {
  kind: 'jump';
  size: number;
  rd: number;
  to: number;
  symbol: string;
}
/** auipc + addi of a symbol: eight bytes that depend on their own address. */
interface PcRelative {
  kind: 'pcrel';
  size: 8;
  rd: number;
  symbol: string;
}
interface Align {
  kind: 'align';
  size: number;
}
type Item = Fixed | Branch | Jump | PcRelative | Align;

export interface CodeFunction {
  name: string;
  /** Offsets from the start of text. */
  start: number;
  end: number;
  frames: FrameRow[];
}
/** From `pc` (an offset from the start of text) on, the caller's sp is `size` above sp, ra at sp + raSlot or (null) in ra. */
export interface FrameRow {
  pc: number;
  size: number;
  raSlot: number | null;
}
interface FrameItem {
  item: number;
  size: number;
  raSlot: number | null;
}
export interface JumpTable {
  symbol: string;
  /** Offsets from the start of text. */
  targets: number[];
}
/** What is known of the code once its sizes are settled. */
export interface Code {
  size: number;
  functions: CodeFunction[];
  jumpTables: JumpTable[];
  traps: { pc: number; cause: number }[];
  /** Where the wasm offset that code comes from changes. */
  origins: { pc: number; off: number }[];
}

export interface SymbolReach {
  /** Whether `symbol + addend` is certain to be within 2 KiB of gp. */
  nearGp(symbol: string, addend: number): boolean;
}

/** Values of all symbols that are not functions, and of gp, known once the code's size is. */
export interface SymbolValues {
  textStart: number;
  gp: number;
  address(symbol: string): number;
}

const FUNCTION_ALIGN = 4;
const REACH = { cBranch: 256, branch: 4096, cJump: 2048, jump: 1 << 20 } as const;
const C_ABSENT = 0;
const INVERSE: Readonly<Record<string, string>> = {
  beq: 'bne',
  bne: 'beq',
  blt: 'bge',
  bge: 'blt',
  bltu: 'bgeu',
  bgeu: 'bltu',
};

export class Assembler {
  private readonly items: Item[] = [];
  private readonly functionItems = new Map<string, number>();
  private readonly functions: { name: string; first: number; last: number; frames: FrameItem[] }[] = [];
  private readonly trapItems: { item: number; cause: number }[] = [];
  private readonly originItems: { item: number; off: number }[] = [];
  private readonly tables: { symbol: string; items: number[] }[] = [];
  private addresses = new Float64Array(0);

  constructor(private readonly reach: SymbolReach) {}

  add(fn: MFunction): void {
    assert(!this.functionItems.has(fn.name), `two functions are named ${fn.name}`);
    this.items.push({ kind: 'align', size: 0 });
    const first = this.items.length;
    this.functionItems.set(fn.name, first);
    const frames: FrameItem[] = [];
    if (!fn.insns.some(insn => insn.op === 'frame')) {
      frames.push({ item: first, size: fn.frameSize, raSlot: fn.raSlot });
    }
    const labels = new Map<number, number>();
    const unresolved: { item: Branch | Jump; label: number }[] = [];
    const tables: { items: number[]; labels: readonly number[] }[] = [];
    let off = -1;
    for (const insn of fn.insns) {
      if (insn.op === 'label') {
        labels.set(must(insn.target, 'label id'), this.items.length);
        continue;
      }
      if (insn.op === 'frame') {
        const raSlot = insn.target === undefined || insn.target < 0 ? null : insn.target;
        frames.push({ item: this.items.length, size: Number(insn.imm), raSlot });
        continue;
      }
      if (insn.off !== undefined && insn.off !== off) {
        off = insn.off;
        this.originItems.push({ item: this.items.length, off });
      }
      this.expand(insn, unresolved, tables);
    }
    for (const { item, label } of unresolved) item.to = must(labels.get(label), `label ${label} in ${fn.name}`);
    for (const table of tables) {
      for (const label of table.labels) table.items.push(must(labels.get(label), `label ${label} in ${fn.name}`));
    }
    // Code before the prologue of a shrink-wrapped function has no frame.
    if (frames[0]!.item > first) frames.unshift({ item: first, size: 0, raSlot: null });
    this.functions.push({ name: fn.name, first, last: this.items.length, frames });
  }

  private expand(
    insn: MInsn,
    unresolved: { item: Branch | Jump; label: number }[],
    tables: { items: number[]; labels: readonly number[] }[],
  ): void {
    switch (insn.op) {
      case 'li':
        for (const part of expandLi(insn.rd ?? ZERO, BigInt(insn.imm ?? 0))) this.fixed(part);
        return;
      case 'mv':
        this.fixed({ op: 'addi', rd: insn.rd ?? ZERO, rs1: insn.rs1 ?? ZERO, imm: 0 });
        return;
      case 'ret':
        this.fixed({ op: 'jalr', rd: ZERO, rs1: RA, imm: 0 });
        return;
      case 'trap':
        this.trapItems.push({ item: this.items.length, cause: Number(insn.imm) });
        this.fixed({ op: 'ebreak' });
        return;
      case 'la':
        this.loadAddress(insn.rd ?? ZERO, must(insn.sym, 'symbol of la'), Number(insn.imm ?? 0));
        return;
      case 'lla':
        this.items.push({ kind: 'pcrel', size: 8, rd: insn.rd ?? ZERO, symbol: must(insn.sym, 'symbol of lla') });
        return;
      case 'j': {
        const item: Jump = { kind: 'jump', size: 2, rd: ZERO, to: -1, symbol: '' };
        this.items.push(item);
        unresolved.push({ item, label: must(insn.target, 'target of j') });
        return;
      }
      case 'call':
      case 'tail':
        // c.jal is RV32's, so a call never shrinks below four bytes.
        this.items.push({
          kind: 'jump',
          size: insn.op === 'call' ? 4 : 2,
          rd: insn.op === 'call' ? RA : ZERO,
          to: -1,
          symbol: must(insn.sym, 'symbol of a call'),
        });
        return;
      case 'jtab':
        this.jumpTable(insn, tables);
        return;
    }
    if (INVERSE[insn.op] !== undefined) {
      const item: Branch = { kind: 'branch', size: compressedBranch(insn, 0) !== C_ABSENT ? 2 : 4, insn, to: -1 };
      this.items.push(item);
      unresolved.push({ item, label: must(insn.target, `target of ${insn.op}`) });
    } else if (insn.sym !== undefined) {
      this.symbolAccess(insn, insn.sym);
    } else {
      this.fixed(insn);
    }
  }

  private fixed(insn: MInsn, reloc?: Reloc): void {
    const half = reloc === undefined ? compress(insn) : C_ABSENT;
    if (half !== C_ABSENT) this.items.push({ kind: 'fixed', size: 2, word: half });
    else this.items.push({ kind: 'fixed', size: 4, word: encode(insn), ...(reloc ? { reloc } : {}) });
  }

  private loadAddress(rd: number, symbol: string, addend: number): void {
    if (this.reach.nearGp(symbol, addend)) {
      this.fixed({ op: 'addi', rd, rs1: GP, imm: 0 }, { kind: 'gp12i', symbol, addend });
      return;
    }
    this.fixed({ op: 'lui', rd, imm: 0 }, { kind: 'hi20', symbol, addend });
    this.fixed({ op: 'addi', rd, rs1: rd, imm: 0 }, { kind: 'lo12i', symbol, addend });
  }

  private symbolAccess(insn: MInsn, symbol: string): void {
    const addend = Number(insn.imm ?? 0);
    const isStore = insn.rs2 !== undefined;
    const part: MInsn = { ...insn, imm: 0 };
    if (this.reach.nearGp(symbol, addend)) {
      this.fixed({ ...part, rs1: GP }, { kind: isStore ? 'gp12s' : 'gp12i', symbol, addend });
      return;
    }
    const scratch = insn.rs3 ?? (isStore || insn.op.startsWith('f') ? undefined : insn.rd);
    const base = must(scratch, `scratch register to reach ${symbol}`);
    this.fixed({ op: 'lui', rd: base, imm: 0 }, { kind: 'hi20', symbol, addend });
    this.fixed({ ...part, rs1: base, rs3: ZERO }, { kind: isStore ? 'lo12s' : 'lo12i', symbol, addend });
  }

  /** targets[rs1] by a table of 32-bit addresses in rodata. */
  private jumpTable(insn: MInsn, tables: { items: number[]; labels: readonly number[] }[]): void {
    const symbol = `jtab.${this.tables.length}`;
    const entry = must(insn.rd, 'scratch of jtab');
    const base = must(insn.rs2, 'second scratch of jtab');
    this.fixed({ op: 'slli', rd: entry, rs1: insn.rs1 ?? ZERO, imm: 2 });
    this.fixed({ op: 'lui', rd: base, imm: 0 }, { kind: 'hi20', symbol, addend: 0 });
    this.fixed({ op: 'add', rd: entry, rs1: entry, rs2: base });
    this.fixed({ op: 'lw', rd: entry, rs1: entry, imm: 0 }, { kind: 'lo12i', symbol, addend: 0 });
    this.fixed({ op: 'jalr', rd: ZERO, rs1: entry, imm: 0 });
    const table = { symbol, items: [] as number[] };
    this.tables.push(table);
    tables.push({ items: table.items, labels: must(insn.targets, 'targets of jtab') });
  }

  /** Settles all sizes and describes the result. */
  relax(): Code {
    const { items } = this;
    for (const item of items) {
      if (item.kind === 'jump' && item.symbol !== '') {
        item.to = must(this.functionItems.get(item.symbol), `function ${item.symbol}`);
      }
    }
    this.addresses = new Float64Array(items.length + 1);
    let grew: boolean;
    do {
      this.assignAddresses();
      grew = false;
      items.forEach((item, i) => {
        const size = this.neededSize(item, i);
        if (size > item.size) {
          item.size = size;
          grew = true;
        }
      });
    } while (grew);
    return this.describe();
  }

  private describe(): Code {
    const at = (item: number): number => this.addresses[item]!;
    return {
      size: at(this.items.length),
      functions: this.functions.map(({ name, first, last, frames }) => ({
        name,
        start: at(first),
        end: at(last),
        frames: frames.map(row => ({ pc: at(row.item), size: row.size, raSlot: row.raSlot })),
      })),
      jumpTables: this.tables.map(({ symbol, items }) => ({ symbol, targets: items.map(at) })),
      traps: this.trapItems.map(({ item, cause }) => ({ pc: at(item), cause })),
      origins: this.originItems.map(({ item, off }) => ({ pc: at(item), off })),
    };
  }

  private assignAddresses(): void {
    let at = 0;
    this.items.forEach((item, i) => {
      this.addresses[i] = at;
      if (item.kind === 'align') item.size = alignUp(at, FUNCTION_ALIGN) - at;
      at += item.size;
    });
    this.addresses[this.items.length] = at;
  }

  private neededSize(item: Item, index: number): number {
    if (item.kind !== 'branch' && item.kind !== 'jump') return item.size;
    const distance = this.addresses[item.to]! - this.addresses[index]!;
    const within = (reach: number): boolean => distance >= -reach && distance < reach;
    if (item.kind === 'branch') {
      if (item.size === 2 && within(REACH.cBranch)) return 2;
      if (within(REACH.branch)) return 4;
      assert(within(REACH.jump), 'a branch within a function of more than 1 MiB');
      return 8;
    }
    if (item.rd === ZERO && within(REACH.cJump)) return 2;
    return within(REACH.jump) ? 4 : 8;
  }

  /** Writes the code; `relax` has run, and everything else has been laid out by the size it told. */
  emit(symbols: SymbolValues): Uint8Array {
    const bytes = new Uint8Array(this.addresses[this.items.length]!);
    const view = new DataView(bytes.buffer);
    this.items.forEach((item, i) => this.emitItem(item, this.addresses[i]!, view, symbols));
    return bytes;
  }

  private emitItem(item: Item, at: number, view: DataView, symbols: SymbolValues): void {
    const put = (offset: number, insn: MInsn): void => view.setUint32(offset, encode(insn), true);
    switch (item.kind) {
      case 'fixed':
        if (item.size === 2) view.setUint16(at, item.word, true);
        else view.setUint32(at, item.reloc ? relocate(item.word, item.reloc, symbols) : item.word, true);
        return;
      case 'align':
        if (item.size === 2) view.setUint16(at, compress({ op: 'addi', imm: 0 }), true);
        return;
      case 'branch': {
        const imm = this.addresses[item.to]! - at;
        if (item.size === 2) view.setUint16(at, compressedBranch(item.insn, imm), true);
        else if (item.size === 4) put(at, { ...item.insn, imm });
        else {
          put(at, { ...item.insn, op: INVERSE[item.insn.op]!, imm: 8 });
          put(at + 4, { op: 'jal', rd: ZERO, imm: imm - 4 });
        }
        return;
      }
      case 'jump': {
        const imm = this.addresses[item.to]! - at;
        if (item.size === 2) view.setUint16(at, compress({ op: 'jal', rd: ZERO, imm }), true);
        else if (item.size === 4) put(at, { op: 'jal', rd: item.rd, imm });
        else {
          const scratch = item.rd === ZERO ? T1 : item.rd;
          const low = (imm << 20) >> 20;
          put(at, { op: 'auipc', rd: scratch, imm: (imm - low) >> 12 });
          put(at + 4, { op: 'jalr', rd: item.rd, rs1: scratch, imm: low });
        }
        return;
      }
      case 'pcrel': {
        const distance = (symbols.address(item.symbol) - symbols.textStart - at) | 0;
        const low = (distance << 20) >> 20;
        put(at, { op: 'auipc', rd: item.rd, imm: (distance - low) >> 12 });
        put(at + 4, { op: 'addi', rd: item.rd, rs1: item.rd, imm: low });
      }
    }
  }
}

/** beq/bne against zero, in either operand order, as c.beqz or c.bnez. */
function compressedBranch(insn: MInsn, imm: number): number {
  const swapped = (insn.rs1 ?? ZERO) === ZERO ? { ...insn, rs1: insn.rs2 ?? ZERO, rs2: ZERO } : insn;
  return compress({ ...swapped, imm });
}

function relocate(word: number, reloc: Reloc, symbols: SymbolValues): number {
  const value = (symbols.address(reloc.symbol) + reloc.addend) | 0;
  const low = (value << 20) >> 20;
  const fromGp = (value - symbols.gp) | 0;
  switch (reloc.kind) {
    case 'hi20':
      return (word | ((value - low) & 0xfffff000)) >>> 0;
    case 'lo12i':
      return (word | ((low & 0xfff) << 20)) >>> 0;
    case 'lo12s':
      return storeImmediate(word, low);
    case 'gp12i':
      assert(fromGp >= -2048 && fromGp < 2048, `${reloc.symbol} is out of gp's reach`);
      return (word | ((fromGp & 0xfff) << 20)) >>> 0;
    case 'gp12s':
      assert(fromGp >= -2048 && fromGp < 2048, `${reloc.symbol} is out of gp's reach`);
      return storeImmediate(word, fromGp);
  }
}

function storeImmediate(word: number, imm: number): number {
  return (word | (((imm >> 5) & 0x7f) << 25) | ((imm & 31) << 7)) >>> 0;
}
