/**
 * Runs hostile programs (guest/syscalls.ts) of many seeds on one machine each:
 *
 *   npx tsx test/fuzz/syscalls-main.ts [--seed FIRST] [--count N] [--cases N] [--calls N] [--trace]
 *
 * A machine runs seeds FIRST, FIRST + cases, …; prints what went wrong; status 1 if anything did. `--trace` has the program
 * write every call to the console, which goes to standard output.
 */
import { parseArgs } from 'node:util';
import { bootHostile, runHostile } from './syscalls-vm.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    cases: { type: 'string', default: '10' },
    calls: { type: 'string', default: '400' },
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.count);
const cases = Number(values.cases);
const calls = Number(values.calls);

let wrong = 0;
let vm = await bootHostile();
let ready = vm.snapshot();
for (let seed = first; seed < first + count; seed += cases) {
  const problem = await problemOf(seed);
  if (problem === '') {
    vm.restore(ready);
    continue;
  }
  wrong++;
  console.log(`seed ${seed}, ${cases} cases: ${problem}`);
  if (values.trace) console.log(vm.console);
  vm = await bootHostile();
  ready = vm.snapshot();
}
console.log(`${count} seeds from ${first}: ${wrong} machines went wrong`);
process.exitCode = wrong > 0 ? 1 : 0;

async function problemOf(seed: number): Promise<string> {
  try {
    const run = await runHostile(vm, seed, cases, calls, values.trace ? 'trace' : '');
    return run.exitCode === 0 && run.leak === '' && run.after === 'ok\n' ? '' : JSON.stringify(run);
  } catch (error) {
    return String(error);
  }
}
