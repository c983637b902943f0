/**
 * Debug information (DWARF 4): line table, one compile unit with a subprogram per function, and call frames. Enough for a
 * debugger to break on file:line or on a function and to walk the stack; variables and types are not described.
 */
import { ByteWriter, StringTable } from './byte-writer.ts';
import type { Code } from '../asm/assembler.ts';
import { withEntryRows } from './entry-rows.ts';
import type { LineRow } from './unwind.ts';

const DW_TAG = { compileUnit: 0x11, subprogram: 0x2e } as const;
const DW_AT = {
  name: 0x03,
  stmtList: 0x10,
  lowPc: 0x11,
  highPc: 0x12,
  language: 0x13,
  compDir: 0x1b,
  producer: 0x25,
  declFile: 0x3a,
  declLine: 0x3b,
  external: 0x3f,
} as const;
const DW_FORM = { addr: 0x01, data2: 0x05, data8: 0x07, strp: 0x0e, udata: 0x0f, secOffset: 0x17, flagPresent: 0x19 };
/** No language code stands for AssemblyScript; debuggers know this one. */
const DW_LANG_C99 = 0x0c;
const DW_LNS = { copy: 1, advancePc: 2, advanceLine: 3, setFile: 4, fixedAdvancePc: 9 } as const;
const DW_LNE = { endSequence: 1, setAddress: 2 } as const;
const LINE_BASE = -5;
const LINE_RANGE = 14;
const OPCODE_BASE = 13;
const STANDARD_OPCODE_LENGTHS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
const DW_CFA = { advanceLoc4: 0x04, sameValue: 0x08, defCfa: 0x0c, defCfaOffset: 0x0e, offset: 0x80, nop: 0 } as const;
const DWARF_RA = 1;
const DWARF_SP = 2;
const ADDRESS_BYTES = 8;
const MIN_INSTRUCTION = 2;

export interface DebugInput {
  /** Name of the compile unit: the module. */
  unit: string;
  code: Code;
  textStart: bigint;
  lines: readonly LineRow[];
  files: readonly string[];
}

export function debugSections(given: DebugInput): { name: string; bytes: Uint8Array }[] {
  const input = { ...given, lines: withEntryRows(given.code, given.lines, given.files) };
  const strings = new StringTable();
  return [
    { name: '.debug_line', bytes: lineSection(input) },
    { name: '.debug_info', bytes: infoSection(input, strings) },
    { name: '.debug_abbrev', bytes: abbrevSection() },
    { name: '.debug_str', bytes: strings.finish() },
    { name: '.debug_frame', bytes: frameSection(input) },
  ];
}

/** Writes a unit whose first field is its own length. */
function withLength(w: ByteWriter, write: () => void): void {
  const at = w.length;
  w.u32(0);
  write();
  w.patch32(at, w.length - at - 4);
}

function lineSection({ files, lines, textStart, code }: DebugInput): Uint8Array {
  const w = new ByteWriter();
  withLength(w, () => {
    w.u16(4);
    withLength(w, () => {
      w.u8(MIN_INSTRUCTION);
      w.u8(1); // operations per instruction
      w.u8(1); // default_is_stmt
      w.u8(LINE_BASE & 0xff);
      w.u8(LINE_RANGE);
      w.u8(OPCODE_BASE);
      for (const length of STANDARD_OPCODE_LENGTHS) w.u8(length);
      w.u8(0); // no include directories: file names are relative to where the build ran
      for (const file of files) {
        w.cstring(file);
        w.uleb(0);
        w.uleb(0);
        w.uleb(0);
      }
      w.u8(0);
    });
    lineProgram(w, lines, textStart, code.size);
  });
  return w.finish();
}

function lineProgram(w: ByteWriter, lines: readonly LineRow[], textStart: bigint, textSize: number): void {
  const extended = (opcode: number, operandBytes: number): void => {
    w.u8(0);
    w.uleb(1 + operandBytes);
    w.u8(opcode);
  };
  let pc = 0;
  let file = 1;
  let line = 1;
  let inSequence = false;
  const endSequence = (at: number): void => {
    w.u8(DW_LNS.advancePc);
    w.uleb((at - pc) / MIN_INSTRUCTION);
    extended(DW_LNE.endSequence, 0);
    inSequence = false;
  };
  for (const row of lines) {
    if (row.at === null) {
      if (inSequence) endSequence(row.pc);
      continue;
    }
    if (!inSequence) {
      extended(DW_LNE.setAddress, ADDRESS_BYTES);
      w.u64(textStart + BigInt(row.pc));
      [pc, file, line, inSequence] = [row.pc, 1, 1, true];
    }
    if (row.at.file + 1 !== file) {
      file = row.at.file + 1;
      w.u8(DW_LNS.setFile);
      w.uleb(file);
    }
    const advance = (row.pc - pc) / MIN_INSTRUCTION;
    const delta = row.at.line - line;
    const special = delta - LINE_BASE + LINE_RANGE * advance + OPCODE_BASE;
    if (delta >= LINE_BASE && delta < LINE_BASE + LINE_RANGE && special <= 255) w.u8(special);
    else {
      w.u8(DW_LNS.advancePc);
      w.uleb(advance);
      w.u8(DW_LNS.advanceLine);
      w.sleb(delta);
      w.u8(DW_LNS.copy);
    }
    [pc, line] = [row.pc, row.at.line];
  }
  if (inSequence) endSequence(textSize);
}

const UNIT_ATTRIBUTES = [
  [DW_AT.producer, DW_FORM.strp],
  [DW_AT.language, DW_FORM.data2],
  [DW_AT.name, DW_FORM.strp],
  [DW_AT.compDir, DW_FORM.strp],
  [DW_AT.lowPc, DW_FORM.addr],
  [DW_AT.highPc, DW_FORM.data8],
  [DW_AT.stmtList, DW_FORM.secOffset],
] as const;
const SUBPROGRAM_ATTRIBUTES = [
  [DW_AT.external, DW_FORM.flagPresent],
  [DW_AT.name, DW_FORM.strp],
  [DW_AT.lowPc, DW_FORM.addr],
  [DW_AT.highPc, DW_FORM.data8],
] as const;
const DECLARATION_ATTRIBUTES = [
  [DW_AT.declFile, DW_FORM.udata],
  [DW_AT.declLine, DW_FORM.udata],
] as const;
const ABBREV = { unit: 1, subprogram: 2, subprogramWithLine: 3 } as const;

function abbrevSection(): Uint8Array {
  const w = new ByteWriter();
  const abbrev = (
    code: number,
    tag: number,
    children: boolean,
    attributes: readonly (readonly [number, number])[],
  ): void => {
    w.uleb(code);
    w.uleb(tag);
    w.u8(children ? 1 : 0);
    for (const [attribute, form] of attributes) {
      w.uleb(attribute);
      w.uleb(form);
    }
    w.u16(0);
  };
  abbrev(ABBREV.unit, DW_TAG.compileUnit, true, UNIT_ATTRIBUTES);
  abbrev(ABBREV.subprogram, DW_TAG.subprogram, false, SUBPROGRAM_ATTRIBUTES);
  abbrev(ABBREV.subprogramWithLine, DW_TAG.subprogram, false, [...SUBPROGRAM_ATTRIBUTES, ...DECLARATION_ATTRIBUTES]);
  w.u8(0);
  return w.finish();
}

function infoSection({ unit, code, textStart, lines }: DebugInput, strings: StringTable): Uint8Array {
  const w = new ByteWriter();
  withLength(w, () => {
    w.u16(4);
    w.u32(0); // offset in .debug_abbrev
    w.u8(ADDRESS_BYTES);
    w.uleb(ABBREV.unit);
    w.u32(strings.offsetOf('wasm2rv'));
    w.u16(DW_LANG_C99);
    w.u32(strings.offsetOf(unit));
    w.u32(strings.offsetOf('.'));
    w.u64(textStart);
    w.u64(BigInt(code.size));
    w.u32(0); // offset in .debug_line
    let next = 0;
    for (const fn of code.functions) {
      while (next < lines.length && lines[next]!.pc < fn.start) next++;
      const first = lines[next];
      const declared = first !== undefined && first.pc < fn.end ? first.at : null;
      w.uleb(declared ? ABBREV.subprogramWithLine : ABBREV.subprogram);
      w.u32(strings.offsetOf(shortName(fn.name)));
      w.u64(textStart + BigInt(fn.start));
      w.u64(BigInt(fn.end - fn.start));
      if (declared) {
        w.uleb(declared.file + 1);
        w.uleb(declared.line);
      }
    }
    w.u8(0);
  });
  return w.finish();
}

/** asc names a function by its file: `guest-kernel/mm/frames/allocFrame` is `allocFrame` to a person (`break allocFrame`). */
function shortName(name: string): string {
  return name.split('<')[0]!.split('/').at(-1) + (name.includes('<') ? name.slice(name.indexOf('<')) : '');
}

function frameSection({ code, textStart }: DebugInput): Uint8Array {
  const w = new ByteWriter();
  const unit = (write: () => void): void =>
    withLength(w, () => {
      write();
      while (w.length % ADDRESS_BYTES !== 0) w.u8(DW_CFA.nop);
    });
  unit(() => {
    w.u32(0xffffffff); // a CIE
    w.u8(4);
    w.u8(0); // no augmentation
    w.u8(ADDRESS_BYTES);
    w.u8(0); // no segment selectors
    w.uleb(1);
    w.sleb(-8);
    w.uleb(DWARF_RA);
    w.u8(DW_CFA.defCfa);
    w.uleb(DWARF_SP);
    w.uleb(0);
    w.u8(DW_CFA.sameValue);
    w.uleb(DWARF_RA);
  });
  for (const fn of code.functions) {
    unit(() => {
      w.u32(0); // its CIE
      w.u64(textStart + BigInt(fn.start));
      w.u64(BigInt(fn.end - fn.start));
      let pc = fn.start;
      for (const frame of fn.frames) {
        if (frame.pc > pc) {
          w.u8(DW_CFA.advanceLoc4);
          w.u32(frame.pc - pc);
          pc = frame.pc;
        }
        w.u8(DW_CFA.defCfaOffset);
        w.uleb(frame.size);
        if (frame.raSlot === null) {
          w.u8(DW_CFA.sameValue);
          w.uleb(DWARF_RA);
        } else {
          w.u8(DW_CFA.offset | DWARF_RA);
          w.uleb((frame.size - frame.raSlot) / 8);
        }
      }
    });
  }
  return w.finish();
}
