/** What a bench reports: one number each, as a table for people and as JSON for machines. */

export interface Figure {
  group: string;
  name: string;
  value: number;
  unit: string;
  /** The same thing of a peer, measured in the same run. */
  peer?: { name: string; value: number };
  /** What the project asks for: at most (or at least) so much. */
  target?: { atMost?: number; atLeast?: number };
}

export function isMet({ value, target }: Figure): boolean {
  return (
    (target?.atMost === undefined || value <= target.atMost) &&
    (target?.atLeast === undefined || value >= target.atLeast)
  );
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(f => [
    f.group,
    f.name,
    format(f.value),
    f.unit,
    f.peer ? `${f.peer.name} ${format(f.peer.value)}${ratio(f.value / f.peer.value)}` : '',
    f.target
      ? `${f.target.atMost === undefined ? '≥' : '≤'} ${format(f.target.atMost ?? f.target.atLeast ?? 0)} ${isMet(f) ? 'met' : 'MISSED'}`
      : '',
  ]);
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map(r => r[i]!.length))) ?? [];
  return rows
    .map(r =>
      r
        .map((cell, i) => (i === 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Nothing beside a peer's zero. */
function ratio(v: number): string {
  return Number.isFinite(v) ? ` (×${v.toFixed(2)})` : '';
}

function format(v: number): string {
  if (Number.isInteger(v)) return v.toLocaleString('en-US');
  return v.toFixed(v < 10 ? 2 : 1);
}
