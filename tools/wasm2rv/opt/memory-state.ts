/**
 * What a block knows about memory and globals at a point: which value a location holds. Loads and stores through one base
 * value and at disjoint offsets do not touch one another; any other store may, but for one thing that docs/wasm2rv.md
 * promises: the size in a managed object's header changes only by a store to such a header.
 */
import type { Value } from '../ir/ir.ts';
import type { Effect } from '../ir/ir-ops.ts';

const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, d: 8 };

/** Bytes that a RISC-V load or store accesses. */
function sizeOf(op: string): number {
  return SIZES[op.replace(/^f?[ls]/, '').replace('u', '')]!;
}

/** Loads that give back exactly what the store of this name put there. */
const READ_BACK: Readonly<Record<string, string>> = { sw: 'lw', sd: 'ld', fsw: 'flw', fsd: 'fld' };

interface Location {
  base: Value;
  offset: number;
  size: number;
  /** The size field of the header in front of a managed object, addressed as asc does it. */
  isHeader: boolean;
}

interface Known extends Location {
  load: string;
  value: Value;
}

/** asc: a managed object's header is 20 bytes, its last field the size of the object. */
const HEADER_SIZE = 20n;
const SIZE_FIELD = 16;

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
    const location = locate(value);
    const { base, offset } = location;
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
    this.remember({ ...location, load: value.sym, value });
    return null;
  }

  /** Of a store or global.set. */
  write(value: Value): void {
    if (value.op === 'global.set') {
      this.globals.set(value.sym, value.args[0]!);
      return;
    }
    const location = locate(value);
    this.known = this.known.filter(known => !mayOverlap(known, location));
    const load = READ_BACK[value.sym];
    const stored = value.args[1]!;
    // A narrow store of a 64-bit value, or a 64-bit store of a folded i32, is read back as another value than was stored.
    const isWhole = load === 'lw' ? stored.type === 'i32' : load === 'ld' ? stored.type === 'i64' : load !== undefined;
    if (load !== undefined && isWhole) this.remember({ ...location, load, value: stored });
  }

  /** What both know: the state where two ways meet. */
  meet(other: MemoryState): void {
    this.known = this.known.filter(a =>
      other.known.some(b => a.value === b.value && a.base === b.base && a.offset === b.offset && a.load === b.load),
    );
    for (const [sym, value] of this.globals) if (other.globals.get(sym) !== value) this.globals.delete(sym);
  }

  /** Forgets what the operation may change. */
  kill(value: Value, effect: Effect): void {
    if (effect === 'effect') this.forget();
    else if (value.op === 'global.set') this.globals.delete(value.sym);
    else if (effect === 'write') {
      const location = locate(value);
      this.known = this.known.filter(known => !mayOverlap(known, location));
    }
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
function locate(access: Value): Location {
  let base = access.args[0]!;
  let offset = access.imm;
  const isHeader =
    base.op === 'add32' && base.args[1]!.isConst && base.args[1]!.bits === -HEADER_SIZE && offset === SIZE_FIELD;
  while ((base.op === 'add32' || base.op === 'add64') && base.args[1]!.isConst) {
    offset += Number(base.args[1]!.bits);
    base = base.args[0]!;
  }
  return { base, offset, size: sizeOf(access.sym), isHeader };
}

function mayOverlap(a: Location, b: Location): boolean {
  if (a.base === b.base) return a.offset < b.offset + b.size && b.offset < a.offset + a.size;
  // The runtime itself, which writes headers, addresses them from their start.
  const isHeaderStore = b.isHeader || b.offset === SIZE_FIELD;
  return !a.isHeader || isHeaderStore;
}

/** Whether what `write` does, a store or global.set, leaves what `read` reads as it is. */
export function areApart(read: Value, write: Value): boolean {
  if (write.op === 'global.set') return read.op !== 'global.get' || read.sym !== write.sym;
  if (write.op !== 'store') return false;
  return read.op === 'global.get' || !mayOverlap(locate(read), locate(write));
}
