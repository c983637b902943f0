/**
 * The decoder's tables, as numbers: written by gen/decode-tables.ts from the instruction rows, read by slow/predecode.ts.
 * This file is compiled twice, as TypeScript and as AssemblyScript, so it holds untyped constants only.
 */

/** A row: u32 each. */
export const ROW_MATCH = 0;
export const ROW_MASK = 4;
/** Extensions it belongs to, bit n for row n of EXTENSIONS: without one of them it is illegal. */
export const ROW_NEEDS = 8;
/** Handler number (u16; that of a far target is one more), and index of the format (u16). */
export const ROW_HANDLER = 12;
export const ROW_FORMAT = 14;
export const ROW_FLAGS = 16;
export const ROW_BYTES = 20;

/** What makes a word of this row another instruction, or none. */
export const NEEDS_RD = 1;
export const NEEDS_RD_NOT_SP = 2;
export const NEEDS_RS1 = 4;
export const NEEDS_RS2 = 8;
export const NEEDS_IMMEDIATE = 16;
/** It has a rounding mode, of which two are reserved. */
export const HAS_ROUNDING = 32;
/** The register is a floating-point register. */
export const RD_IS_FLOAT = 64;
export const RS1_IS_FLOAT = 128;
export const RS2_IS_FLOAT = 256;
/** The immediate is a distance to jump. */
export const HAS_TARGET = 512;
export const IS_JUMP = 1024;
/** Nothing runs on behind it: decoding ahead stops. */
export const IS_END = 2048;

/** A format: its three register fields (u8 each), then its immediate. */
export const FORMAT_RD = 0;
export const FORMAT_RS1 = 1;
export const FORMAT_RS2 = 2;
/** First bit run and number of them (u8 each), bits that a 32-bit word has more (u8), whether it is signed (u8). */
export const FORMAT_RUNS = 3;
export const FORMAT_RUN_COUNT = 4;
export const FORMAT_UNUSED_BITS = 5;
export const FORMAT_IS_SIGNED = 6;
export const FORMAT_BYTES = 7;

/** A register field: its kind, and where it is or which register is meant. */
export const FIELD_FIXED = 0;
export const FIELD_FULL = 64;
export const FIELD_POPULAR = 128;
export const FIELD_KINDS = 192;

/** A bit run of an immediate: position in the word, width, position in the immediate, and one that is not used (u8 each). */
export const RUN_FROM = 0;
export const RUN_WIDTH = 1;
export const RUN_TO = 2;
export const RUN_BYTES = 4;

/** Buckets of candidates: 32-bit words by opcode and funct3; from here on halfwords, by opcode and funct3. */
export const HALFWORD_BUCKETS = 256;
