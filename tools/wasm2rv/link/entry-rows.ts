/**
 * Line rows for the entry of functions. The source map says nothing of the code that asc and binaryen put in front of a
 * function's first statement, so a debugger would find neither the line of the function nor the end of its prologue. Here, both
 * get a row: the entry, and where the frame is set up, which is where `break FUNCTION` stops.
 */
import type { Code } from '../asm/assembler.ts';
import type { SourceLine } from '../wasm/source-map.ts';
import type { LineRow } from './unwind.ts';

/** A frame that is set up later than this is not set up on every way through the function. */
const SETUP_BYTES_MAX = 16;

type CodeFunction = Code['functions'][number];

/** The rows, with those of entries that have no source. */
export function withEntryRows(code: Code, lines: readonly LineRow[], files: readonly string[]): LineRow[] {
  const rows: LineRow[] = [];
  let next = 0;
  /** What the code in front of `next` comes from. */
  let current: SourceLine | null = null;
  for (const fn of code.functions) {
    const own: LineRow[] = [];
    for (; next < lines.length && lines[next]!.pc < fn.end; next++) own.push(lines[next]!);
    if (own[0]?.pc === fn.start) current = own[0].at;
    const entry = current === null ? entryOf(fn, own, files) : [];
    const end = entry.at(-1)?.pc ?? fn.start - 1;
    rows.push(...entry, ...own.filter(({ pc }) => pc > end));
    current = own.at(-1)?.at ?? null;
  }
  return rows;
}

function entryOf(fn: CodeFunction, own: readonly LineRow[], files: readonly string[]): LineRow[] {
  const at = lineOf(fn, own, files);
  const setUp = fn.frames.find(frame => frame.raSlot !== null) ?? fn.frames.find(frame => frame.size > 0);
  if (!at || !setUp || setUp.pc - fn.start > SETUP_BYTES_MAX) return [];
  const firstMapped = own.find(row => row.at !== null)!;
  return setUp.pc < firstMapped.pc
    ? [
        { pc: fn.start, at },
        { pc: setUp.pc, at },
      ]
    : [{ pc: fn.start, at }];
}

/** The first line of the function's own file, else what was inlined in front of it. */
function lineOf(fn: CodeFunction, own: readonly LineRow[], files: readonly string[]): SourceLine | undefined {
  const sources = own.flatMap(({ at }) => at ?? []);
  // asc names a function by its file: guest-kernel/mm/frames/allocFrame.
  const file = files.findIndex(name => name.endsWith('.ts') && fn.name.startsWith(`${name.slice(0, -3)}/`));
  return sources.find(at => at.file === file) ?? sources[0];
}
