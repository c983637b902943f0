/**
 * What a block knows about memory and globals at a point: which value a location holds. Loads and stores through one base
 * value and at disjoint offsets do not touch one another; any other store may.
 */
import type { Value } from '../ir.ts';

const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, d: 8 };

/** Bytes that a RISC-V load or store accesses. */
export function sizeOf(op: string): number {
  return SIZES[op.replace(/^f?[ls]/, '').replace('u', '')]!;
}

/** Loads that give back exactly what the store of this name put there. */
const READ_BACK: Readonly<Record<string, string>> = { sw: 'lw', sd: 'ld', fsw: 'flw', fsd: 'fld' };

interface Known {
  base: Value;
  offset: number;
  size: number;
  load: string;
  value: Value;
}

const MAX_KNOWN = 64;

export class MemoryState {
  private known: Known[] = [];
  private globals = new Map<string, Value>();

  copy(): MemoryState {
    const out = new MemoryState();
    out.known = [...this.known];
    out.globals = new Map(this.globals);
    return out;
  }

  /** Of a load or global.get: the value that it must yield, if known; else remembers that it yields itself. */
  read(value: Value): Value | null {
    if (value.op === 'global.get') {
      const known = this.globals.get(value.sym);
      if (known === undefined) this.globals.set(value.sym, value);
      return known ?? null;
    }
    const { base, offset } = locate(value);
    for (const known of this.known) {
      if (
        known.base === base &&
        known.offset === offset &&
        known.load === value.sym &&
        known.value.type === value.type
      ) {
        return known.value;
      }
    }
    this.remember({ base, offset, size: sizeOf(value.sym), load: value.sym, value });
    return null;
  }

  /** Of a store or global.set. */
  write(value: Value): void {
    if (value.op === 'global.set') {
      this.globals.set(value.sym, value.args[0]!);
      return;
    }
    const { base, offset } = locate(value);
    const size = sizeOf(value.sym);
    this.known = this.known.filter(
      known => known.base === base && (known.offset + known.size <= offset || offset + size <= known.offset),
    );
    const load = READ_BACK[value.sym];
    const stored = value.args[1]!;
    // A narrow store of a 64-bit value, or a 64-bit store of a folded i32, is read back as another value than was stored.
    const isWhole = load === 'lw' ? stored.type === 'i32' : load === 'ld' ? stored.type === 'i64' : load !== undefined;
    if (load !== undefined && isWhole) this.remember({ base, offset, size, load, value: stored });
  }

  /** A call or intrinsic: anything may have changed. */
  forget(): void {
    this.known = [];
    this.globals.clear();
  }

  private remember(known: Known): void {
    if (this.known.length >= MAX_KNOWN) this.known.shift();
    this.known.push(known);
  }
}

/** Address as base value and offset, constant additions taken apart. */
export function locate(access: Value): { base: Value; offset: number } {
  let base = access.args[0]!;
  let offset = access.imm;
  while ((base.op === 'add32' || base.op === 'add64') && base.args[1]!.isConst) {
    offset += Number(base.args[1]!.bits);
    base = base.args[0]!;
  }
  return { base, offset };
}
