/** Reads KTAP (kernel.org `dev-tools/ktap`): what guest scripts print, one result a line. */

export interface KtapCase {
  number: number;
  name: string;
  /** `skip` carries its reason in `detail`. */
  status: 'pass' | 'fail' | 'skip';
  /** Diagnostic lines (`# …`) that came before the result, or the skip's reason. */
  detail: string;
}

export interface KtapReport {
  cases: KtapCase[];
  /** Why the output is no complete report, or null. */
  problem: string | null;
}

const RESULT = /^(not )?ok (\d+)(?: - | )?(.*?)(?:\s*# SKIP\b\s*(.*))?$/;

/** Never throws: a script that died half-way has a `problem`. */
export function parseKtap(text: string): KtapReport {
  const cases: KtapCase[] = [];
  let planned: number | null = null;
  let hasVersion = false;
  let notes: string[] = [];
  for (const line of text.split('\n')) {
    if (/^(KTAP|TAP) version \d+$/.test(line)) {
      hasVersion = true;
      continue;
    }
    const plan = /^1\.\.(\d+)$/.exec(line);
    if (plan) {
      planned = Number(plan[1]);
      continue;
    }
    const result = RESULT.exec(line);
    if (result) {
      const isSkip = result[4] !== undefined;
      cases.push({
        number: Number(result[2]),
        name: result[3] ?? '',
        status: result[1] ? 'fail' : isSkip ? 'skip' : 'pass',
        detail: isSkip ? (result[4] ?? '') : notes.join('\n'),
      });
      notes = [];
    } else if (line !== '') {
      notes.push(line);
    }
  }
  const rest = notes.length > 0 ? `; last lines:\n${notes.slice(-20).join('\n')}` : '';
  const misnumbered = cases.find((c, i) => c.number !== i + 1);
  let problem: string | null = null;
  if (!hasVersion) problem = `no KTAP version line${rest}`;
  else if (planned === null) problem = `no plan${rest}`;
  else if (cases.length !== planned) problem = `planned ${planned} cases, saw ${cases.length}${rest}`;
  else if (misnumbered) problem = `case ${misnumbered.number} is out of order`;
  return { cases, problem };
}
