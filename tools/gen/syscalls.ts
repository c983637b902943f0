/** docs/SYSCALLS.md from the rows of guest-kernel/syscall/table.ts. */

export interface SyscallRow {
  number: number;
  name: string;
  file: string;
  /** '' for whole support. */
  note: string;
}

const ROW = /^def\(Nr\.(\w+), "(\w+)", (\w+)\.\w+(?:,\s*Support\.(\w+),\s*"([^"]*)")?,?\s*\);/gm;

/** Reads the table and the numbers; throws when a `def(` row is not understood, so that none is lost silently. */
export function syscallRows(table: string, numbers: string): SyscallRow[] {
  const numberOf = new Map([...numbers.matchAll(/^\s+(\w+) = (\d+),/gm)].map(m => [m[1]!, Number(m[2])]));
  const imports = new Map(
    [...table.matchAll(/^import \* as (\w+) from "\.\/([\w-]+)";/gm)].map(m => [m[1]!, `${m[2]}.ts`]),
  );
  const joined = table.replace(/^def\([^;]*?\);/gms, row => row.replace(/\s*\n\s*/g, ' ').replace('( ', '('));
  const rows = [...joined.matchAll(ROW)].map(m => ({
    number: numberOf.get(m[1]!) ?? -1,
    name: m[2]!,
    file: imports.get(m[3]!) ?? m[3]!,
    note: m[5] ?? '',
  }));
  const written = joined.match(/^def\(/gm)?.length ?? 0;
  if (rows.length !== written) throw new Error(`${written} rows in the table, ${rows.length} understood`);
  return rows.sort((a, b) => a.number - b.number);
}

export function syscallsPage(rows: readonly SyscallRow[]): string {
  return [
    '# System calls',
    '',
    'Printed from `guest-kernel/syscall/table.ts` by `npm run gen`. Every number that is not here returns ENOSYS.',
    '',
    `${rows.length} calls; a note says what a call does not do.`,
    '',
    '| number | name | file | note |',
    '| --- | --- | --- | --- |',
    ...rows.map(r => `| ${r.number} | ${r.name} | ${r.file} | ${r.note} |`),
    '',
  ].join('\n');
}
