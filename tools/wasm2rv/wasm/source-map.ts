/**
 * asc's source map (revision 3 of the format): the "columns" of its only line are byte offsets in the wasm file.
 */
import { UserError } from '../../../emulator/base/user-error.ts';

export interface SourceLine {
  /** Index in `SourceMap.files`. */
  file: number;
  /** From 1. */
  line: number;
}

export interface SourceMap {
  readonly files: readonly string[];
  /** Sorted by offset. A mapping holds until the next one; null is code without a source. */
  readonly mappings: readonly { off: number; at: SourceLine | null }[];
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DIGITS: ReadonlyMap<string, number> = new Map([...BASE64].map((char, value) => [char, value]));

export function parseSourceMap(text: string, name: string): SourceMap {
  const bad = (why: string): UserError =>
    new UserError(`${name}: not a source map: ${why}`, 'make it with asc --sourceMap, or leave --source-map out');
  let json: { version?: unknown; sources?: unknown; mappings?: unknown };
  try {
    json = JSON.parse(text) as typeof json;
  } catch {
    throw bad('it is not JSON');
  }
  if (json.version !== 3 || !Array.isArray(json.sources) || typeof json.mappings !== 'string') {
    throw bad('version 3 with sources and mappings is wanted');
  }
  const mappings: { off: number; at: SourceLine | null }[] = [];
  let off = 0;
  let file = 0;
  let line = 0;
  for (const segment of json.mappings.split(/[,;]/)) {
    if (segment === '') continue;
    const fields = decodeVlq(segment);
    if (fields === null) throw bad(`segment "${segment}"`);
    off += fields[0] ?? 0;
    if (fields.length < 4) {
      mappings.push({ off, at: null });
      continue;
    }
    file += fields[1]!;
    line += fields[2]!;
    mappings.push({ off, at: { file, line: line + 1 } });
  }
  mappings.sort((a, b) => a.off - b.off);
  return { files: json.sources.map(String), mappings };
}

/** The mapping that holds at `off`, by binary search. */
export function lookUp(map: SourceMap, off: number): SourceLine | null {
  let low = 0;
  let high = map.mappings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (map.mappings[middle]!.off <= off) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : map.mappings[low - 1]!.at;
}

/** Base-64 digits of 5 bits and a continuation bit, least significant first; bit 0 of the number is its sign. */
function decodeVlq(segment: string): number[] | null {
  const out: number[] = [];
  let value = 0;
  let shift = 0;
  for (const char of segment) {
    const digit = DIGITS.get(char);
    if (digit === undefined) return null;
    value |= (digit & 31) << shift;
    if (digit & 32) {
      shift += 5;
      continue;
    }
    out.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return shift === 0 ? out : null;
}
