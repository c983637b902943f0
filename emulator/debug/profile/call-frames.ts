/**
 * Call frame information: .debug_frame of DWARF 3 to 5 (section 6.4). Says where a function at some pc keeps its caller's
 * pc, sp and fp. Rows that use expressions, or rules for other registers, are not read: those frames end a backtrace.
 */
import { viewOf } from '../../base/bytes.ts';

/** RISC-V's DWARF register numbers are the integer registers' own. */
const RA = 1;
const SP = 2;
const FP = 8;
const CIE_ID = 0xffff_ffff;

/** A register's rule: unchanged, or saved at this distance from the canonical frame address. */
type Rule = 'same' | bigint;

export interface FrameRow {
  /** Which register the canonical frame address (the caller's sp) is counted from, and how far it is. */
  readonly cfaRegister: 'sp' | 'fp';
  readonly cfaOffset: bigint;
  readonly ra: Rule;
  readonly fp: Rule;
}

interface Cie {
  readonly codeAlign: bigint;
  readonly dataAlign: bigint;
  readonly program: Cursor;
}

interface Fde {
  readonly start: bigint;
  readonly end: bigint;
  readonly cie: Cie;
  readonly program: Cursor;
}

class Cursor {
  constructor(
    private readonly view: DataView,
    public at: number,
    readonly end: number,
  ) {}

  copy(): Cursor {
    return new Cursor(this.view, this.at, this.end);
  }
  get isAtEnd(): boolean {
    return this.at >= this.end;
  }
  u8(): number {
    return this.view.getUint8(this.at++);
  }
  u16(): number {
    return this.view.getUint16((this.at += 2) - 2, true);
  }
  u32(): number {
    return this.view.getUint32((this.at += 4) - 4, true);
  }
  u64(): bigint {
    return this.view.getBigUint64((this.at += 8) - 8, true);
  }
  uleb(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  sleb(): bigint {
    const start = this.at;
    const value = this.uleb();
    return BigInt.asIntN(7 * (this.at - start), value);
  }
}

interface State {
  cfaRegister: number;
  cfaOffset: bigint;
  ra: Rule;
  fp: Rule;
}

export class CallFrames {
  /** By start. */
  private readonly fdes: Fde[] = [];

  /** @param section .debug_frame; what is damaged in it is left out */
  constructor(section: Uint8Array) {
    const view = viewOf(section);
    const cies = new Map<number, Cie>();
    for (let at = 0; at + 8 <= section.length;) {
      const length = view.getUint32(at, true);
      const end = at + 4 + length;
      if (length < 4 || end > section.length) break;
      const cursor = new Cursor(view, at + 4, end);
      try {
        const id = cursor.u32();
        if (id === CIE_ID) cies.set(at, readCie(cursor));
        else this.addFde(cursor, cies.get(id));
      } catch {
        // An entry that ends too early or is of another kind: its functions have no frames.
      }
      at = end;
    }
    this.fdes.sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  /** The frame of the function at `pc`. */
  at(pc: bigint): FrameRow | undefined {
    let low = 0;
    let high = this.fdes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.fdes[middle]!.start <= pc) low = middle + 1;
      else high = middle;
    }
    const fde = this.fdes[low - 1];
    return fde && pc < fde.end ? rowAt(fde, pc) : undefined;
  }

  private addFde(cursor: Cursor, cie: Cie | undefined): void {
    if (!cie) return;
    const start = cursor.u64();
    const end = start + cursor.u64();
    this.fdes.push({ start, end, cie, program: cursor });
  }
}

function readCie(cursor: Cursor): Cie {
  const version = cursor.u8();
  if (cursor.u8() !== 0) throw new Error('augmented');
  if (version >= 4) cursor.at += 2; // address size, segment size
  const codeAlign = cursor.uleb();
  const dataAlign = cursor.sleb();
  if (version === 1) cursor.u8();
  else cursor.uleb(); // the return address column: ra
  return { codeAlign, dataAlign, program: cursor };
}

function rowAt({ start, cie, program }: Fde, pc: bigint): FrameRow | undefined {
  const state: State = { cfaRegister: SP, cfaOffset: 0n, ra: 'same', fp: 'same' };
  try {
    execute(cie.program.copy(), cie, state, start, pc);
    execute(program.copy(), cie, state, start, pc);
  } catch {
    return undefined;
  }
  const { cfaRegister, cfaOffset, ra, fp } = state;
  if (cfaRegister !== SP && cfaRegister !== FP) return undefined;
  return { cfaRegister: cfaRegister === SP ? 'sp' : 'fp', cfaOffset, ra, fp };
}

/** Runs instructions up to the row of `pc`. Throws on what it does not know. */
function execute(program: Cursor, cie: Cie, state: State, start: bigint, pc: bigint): void {
  const initial = { ...state };
  const stack: State[] = [];
  let location = start;
  const set = (register: number, rule: Rule): void => {
    if (register === RA) state.ra = rule;
    else if (register === FP) state.fp = rule;
  };
  while (!program.isAtEnd) {
    const byte = program.u8();
    const operand = byte & 0x3f;
    let advance: number | undefined;
    switch (byte >> 6) {
      case 1: // advance_loc
        advance = operand;
        break;
      case 2: // offset
        set(operand, program.uleb() * cie.dataAlign);
        break;
      case 3: // restore
        if (operand === RA) state.ra = initial.ra;
        else if (operand === FP) state.fp = initial.fp;
        break;
      default:
        advance = extended(operand, program, cie, state, stack, set);
    }
    if (advance === undefined) continue;
    location += BigInt(advance) * cie.codeAlign;
    if (location > pc) return;
  }
}

/** Opcodes without an operand inside. Returns how far it advances the location, if it does. */
function extended(
  opcode: number,
  program: Cursor,
  cie: Cie,
  state: State,
  stack: State[],
  set: (register: number, rule: Rule) => void,
): number | undefined {
  switch (opcode) {
    case 0x00: // nop
      return undefined;
    case 0x02: // advance_loc1
      return program.u8();
    case 0x03: // advance_loc2
      return program.u16();
    case 0x04: // advance_loc4
      return program.u32();
    case 0x05: // offset_extended
      set(Number(program.uleb()), program.uleb() * cie.dataAlign);
      return undefined;
    case 0x08: // same_value
      set(Number(program.uleb()), 'same');
      return undefined;
    case 0x0a: // remember_state
      stack.push({ ...state });
      return undefined;
    case 0x0b: // restore_state
      Object.assign(state, stack.pop());
      return undefined;
    case 0x0c: // def_cfa
      state.cfaRegister = Number(program.uleb());
      state.cfaOffset = program.uleb();
      return undefined;
    case 0x0d: // def_cfa_register
      state.cfaRegister = Number(program.uleb());
      return undefined;
    case 0x0e: // def_cfa_offset
      state.cfaOffset = program.uleb();
      return undefined;
    default:
      throw new Error(`call frame opcode ${opcode}`);
  }
}
