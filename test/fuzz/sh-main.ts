/**
 * Compares our sh with dash on many snippets:
 *
 *   npx tsx test/fuzz/sh-main.ts [--seed FIRST] [--count N] [--sh FILE] [--show]
 *
 * Prints every difference; status 1 if there is one. `--show` prints the snippets instead of running them.
 */
import { parseArgs } from 'node:util';
import { USERLAND, compareSeed, describeDifference } from './sh-compare.ts';
import { snippet } from './sh-gen.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200' },
    sh: { type: 'string', default: USERLAND },
    show: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.count);

let different = 0;
for (let seed = first; seed < first + count; seed++) {
  if (values.show) {
    console.log(snippet(seed));
    continue;
  }
  const d = await compareSeed(seed, values.sh);
  if (!d) continue;
  different++;
  console.log(describeDifference(d));
}
if (!values.show) console.log(`${count} snippets from seed ${first}: ${different} differ`);
process.exitCode = different > 0 ? 1 : 0;
