/**
 * The numbering of interpreter handlers. A base row (one that is not compressed) has a handler for each length it is
 * encoded in, since the length is a constant of the handler; branches and jumps have two more, for targets outside
 * their page.
 */
import { must } from '../../base/assert.ts';
import { INSTRUCTIONS } from '../../isa/all.ts';
import type { Insn } from '../../isa/insn.ts';
import { HANDLER_FIRST_ROW } from '../layout.ts';

export interface Handler {
  readonly insn: Insn;
  readonly length: 2 | 4;
  /** The target of a branch or jal is outside the page. */
  readonly isFar: boolean;
}

/** Names of base rows that have a compressed form. */
const COMPRESSIBLE = new Set(INSTRUCTIONS.map(insn => insn.expandsTo));

/** Handler number HANDLER_FIRST_ROW + i runs HANDLERS[i]. */
export const HANDLERS: readonly Handler[] = INSTRUCTIONS.filter(insn => insn.expandsTo === undefined).flatMap(insn => {
  const lengths: (2 | 4)[] = COMPRESSIBLE.has(insn.name) ? [4, 2] : [4];
  const reaches = hasTarget(insn) ? [false, true] : [false];
  return lengths.flatMap(length => reaches.map(isFar => ({ insn, length, isFar })));
});

/** Is the immediate a distance to jump? */
export function hasTarget(insn: Insn): boolean {
  return insn.format === 'B' || insn.format === 'J';
}

const keyOf = (name: string, length: number): string => `${name}/${length}`;
const NEAR = new Map<string, number>();
HANDLERS.forEach(({ insn, length, isFar }, i) => {
  if (!isFar) NEAR.set(keyOf(insn.name, length), HANDLER_FIRST_ROW + i);
});

/** First handler number by position in INSTRUCTIONS; the far variant follows the near one. */
const FIRST: readonly (number | undefined)[] = INSTRUCTIONS.map(({ name, expandsTo }) =>
  NEAR.get(expandsTo === undefined ? keyOf(name, 4) : keyOf(expandsTo, 2)),
);

export function handlerNumber(index: number, isFar: boolean): number {
  return must(FIRST[index], 'handler') + (isFar ? 1 : 0);
}
