/**
 * Hostile drivers of the whole board, for as long as one likes:
 *
 *   npx tsx test/fuzz/devices-main.ts [--seed FIRST] [--operations N] [--board mmio1|mmio2|pci]
 *
 * Each seed runs 100,000 operations, on each board in turn; status 1 at the first that breaks a rule.
 */
import { parseArgs } from 'node:util';
import { BOARDS, DeviceFuzz } from './devices.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    operations: { type: 'string', default: '1000000' },
    board: { type: 'string' },
  },
});
const PER_SEED = 100_000;
const MIB = 1 << 20;
const wanted = Number(values.operations);
const boards = BOARDS.filter(board => values.board === undefined || values.board === board);

let done = 0;
let slowestMs = 0;
let largestRss = 0;
for (let seed = Number(values.seed); done < wanted; seed++) {
  const board = boards[seed % boards.length]!;
  const report = new DeviceFuzz(board, seed).run(Math.min(PER_SEED, wanted - done));
  done += report.operations;
  slowestMs = Math.max(slowestMs, report.slowestMs);
  largestRss = Math.max(largestRss, process.memoryUsage().rss);
  const { operations, completed, guestErrors, slowest } = report;
  console.log(
    `${board} seed ${seed}: ${operations} operations, ${completed} rounds of requests served, ${guestErrors} guest errors; slowest ${Math.round(report.slowestMs)} ms, ${slowest}`,
  );
}
console.log(
  `${done} operations: nothing broke; slowest ${Math.round(slowestMs)} ms, at most ${Math.round(largestRss / MIB)} MiB resident`,
);
