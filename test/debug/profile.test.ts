/** The profiler on the real kernel: call trees by call frame information, and a run that is the same with and without it. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { CallFrames } from '../../emulator/debug/profile/call-frames.ts';
import { ElfFile } from '../../emulator/machine/elf-file.ts';
import { Profiler, type CpuProfile } from '../../emulator/debug/profile/profiler.ts';
import { Symbols } from '../../emulator/debug/profile/symbols.ts';
import { builtImage } from '../../emulator/host/node/files.ts';
import { powerOn, type Vm } from '../../emulator/host/node/index.ts';

const kernel = readFileSync(builtImage('kernel.elf'));
const files = [
  { name: 'kernel.elf', bytes: kernel },
  { name: 'strata', bytes: readFileSync(builtImage('strata')) },
];

async function bootAndList(vm: Vm): Promise<string> {
  await vm.waitForAgent();
  const { stdout } = await vm.exec(['ls', '-lR', '/bin', '/usr']);
  return `${stdout.length} bytes, ${vm.instret} instructions`;
}

let profile: CpuProfile;
let outcome: string;

beforeAll(async () => {
  const vm = powerOn();
  const profiler = new Profiler(vm.machine, files);
  outcome = await bootAndList(vm);
  profile = profiler.stop();
});

test('looking changes nothing: the run is the same to the instruction', async () => {
  expect(await bootAndList(powerOn())).toBe(outcome);
});

test('samples come each 0.1 ms of guest time and belong to nodes', () => {
  const { nodes, samples, timeDeltas, startTime, endTime } = profile;
  expect(samples.length).toBeGreaterThan(200);
  expect(samples.every(id => nodes[id - 1]?.id === id)).toBe(true);
  expect(nodes.reduce((sum, node) => sum + node.hitCount, 0)).toBe(samples.length);
  const between = timeDeltas.reduce((sum, delta) => sum + delta, 0);
  expect(endTime - startTime - between).toBeGreaterThanOrEqual(0);
  expect(endTime - startTime - between).toBeLessThan(200);
  // Late only by what an instruction run cannot be cut into.
  expect(Math.max(...timeDeltas.slice(1))).toBeLessThan(150);
});

test('callers stand above whom they call, named by file', () => {
  const stacks = stacksOf(profile);
  const has = (...names: string[]): boolean =>
    stacks.some(stack => names.every((name, i) => stack.indexOf(name) > (i === 0 ? -1 : stack.indexOf(names[i - 1]!))));
  expect(has('(supervisor)', 'kmain', 'memoryInit')).toBe(true);
  expect(has('(supervisor)', 'trap_entry', 'trapUser', 'systemCall')).toBe(true);
  expect(has('(user)')).toBe(true);
  expect(profile.nodes.find(node => node.callFrame.functionName === 'systemCall')?.callFrame.url).toBe(
    'guest-kernel/trap/system-call.ts',
  );
});

/** Names from the root down, of every node. */
function stacksOf({ nodes }: CpuProfile): string[][] {
  const stacks: string[][] = [];
  const visit = (id: number, above: readonly string[]): void => {
    const node = nodes[id - 1]!;
    const stack = [...above, node.callFrame.functionName];
    stacks.push(stack);
    node.children.forEach(child => visit(child, stack));
  };
  visit(1, []);
  return stacks;
}

test('a list of symbols names what lies behind each address', () => {
  const symbols = new Symbols();
  const list = 'ffffffff80000000 T _start\nffffffff80001000 t helper\nffffffff80002000 D data\nnonsense\n';
  symbols.add(new TextEncoder().encode(list), 'System.map');
  expect(symbols.size).toBe(2);
  expect(symbols.at(0xffff_ffff_8000_0ffen)?.name).toBe('_start');
  expect(symbols.at(0xffff_ffff_8000_1000n)).toMatchObject({ name: 'helper', file: 'System.map' });
  expect(symbols.at(0xffff_ffff_8020_0000n)).toBeUndefined();
  expect(symbols.at(0x1000n)).toBeUndefined();
});

test('damaged symbol files lose names, never the run', () => {
  const section = new ElfFile(kernel).section('.debug_frame')!;
  const someWhere = fc.array(fc.tuple(fc.nat(section.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(someWhere, fc.nat(section.length), (changes, end) => {
      const damaged = section.slice(0, end);
      for (const [at, byte] of changes) if (at < end) damaged[at] = byte;
      const frames = new CallFrames(damaged);
      for (let pc = 0xffff_ffff_8020_0000n; pc < 0xffff_ffff_8021_0000n; pc += 997n) frames.at(pc);
    }),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(fc.nat(63), fc.nat(255), fc.nat(kernel.length), (at, byte, end) => {
      const damaged = kernel.slice(0, end);
      damaged[at] = byte;
      new ElfFile(damaged).symbols();
    }),
    { numRuns: 50 },
  );
});
