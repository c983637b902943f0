/** Random units on our machine and on QEMU, and a unit that differs made smaller. */
import { parseUnits, randomProgram, type Unit } from './random-harness.ts';
import { runOnOurs, runOnQemu } from './run-both.ts';

/** A text for each unit that differs; the data that all left come last. */
export function compareUnits(units: readonly Unit[]): string[] {
  const { image } = randomProgram(units);
  const ours = parseUnits(runOnOurs(image), units.length);
  // A block of QEMU's translator is one instruction: what it looks at once for each block is looked at for each.
  const theirs = parseUnits(runOnQemu(image, '', true), units.length);
  return theirs.flatMap((rows, i) => {
    const mine = ours[i]!;
    const at = Array.from({ length: Math.max(rows.length, mine.length) }, (_, k) => k).find(k => rows[k] !== mine[k]);
    if (at === undefined) return [];
    const where = i < units.length ? `unit ${i}, row ${at} of ${rows.length}` : 'data';
    return [`${where}:\n  ours:      ${mine[at] ?? 'no row'}\n  should be: ${rows[at] ?? 'no row'}`];
  });
}

/** Leaves blocks out as long as the unit differs when it is alone. */
export function shrink(unit: Unit): Unit {
  if (!differs(unit)) return unit;
  let small = unit;
  for (const part of ['body', 'armers', 'setup'] as const) {
    for (let i = small[part].length - 1; i >= 0; i--) {
      const smaller = { ...small, [part]: small[part].filter((_, k) => k !== i) };
      if (differs(smaller)) small = smaller;
    }
  }
  for (let bit = 1n; bit < 1n << 24n; bit <<= 1n) {
    const smaller = { ...small, status: small.status & ~bit };
    if (smaller.status !== small.status && differs(smaller)) small = smaller;
  }
  return small;
}

function differs(unit: Unit): boolean {
  return compareUnits([unit]).some(text => text.startsWith('unit'));
}
