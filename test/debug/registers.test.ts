/** The registers that the stub describes beside QEMU's: numbers, names, sizes, types, features and what they hold. */
import { afterEach, expect, test } from 'vitest';
import { elf, Program, R } from '../../emulator/machine/test-kernel.ts';
import { file } from '../cli/cli.ts';
import { hasQemu } from '../lib/qemu.ts';
import { Remote, Target } from './remote.ts';

const BASE = 0x8000_0000;
const A2 = 12;
/** There as little as a register can be: RV32's. */
const THEIRS_ONLY = /^pmpcfg[13]$/;
/** QEMU does not show these while the guest could not read them: FS, counteren and STCE are 0. */
const HIDDEN_THERE = /^(fflags|frm|fcsr|cycle|time|instret|hpmcounter([3-9]|1[0-8])|stimecmp)$/;
/** Their own business: how long it ran, its version; and a bit of mip that no interrupt has. */
const OWN_VALUES = /^(mcycle|minstret|marchid|mimpid|mip)$/;

/** mstatus, mscratch, satp, mepc, mtvec, mhartid. */
const WRITTEN = [
  [0x300, '8818000000000000'],
  [0x340, 'ffffffffffffffff'],
  [0x180, 'ffffffffffffffff'],
  [0x341, 'feffffffffffffff'],
  [0x305, 'ffffffffffffffff'],
  [0xf14, 'ffffffffffffffff'],
] as const;

const targets: Target[] = [];
afterEach(() => targets.splice(0).forEach(target => target.stop()));

interface Register {
  readonly number: number;
  readonly name: string;
  readonly bits: string;
  readonly type: string;
  readonly feature: string;
}

async function registersOf(remote: Remote): Promise<Register[]> {
  const found: Register[] = [];
  const target = await remote.document('target.xml');
  let next = 0;
  for (const [, annex] of target.matchAll(/href="([^"]+)"/g)) {
    const text = await remote.document(annex!);
    const [, feature = ''] = /<feature name="([^"]+)"/.exec(text)!;
    for (const [, attributes] of text.matchAll(/<reg ([^>]*)\/>/g)) {
      const get = (name: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes!)?.[1];
      // Without a number, a register follows the one before it.
      const number = Number(get('regnum') ?? next);
      next = number + 1;
      found.push({ number, name: get('name')!, bits: get('bitsize')!, type: get('type') ?? '', feature });
    }
  }
  return found;
}

/** At the same instruction of the same program, in M-mode. */
async function look(command: string, cpu: string): Promise<{ registers: Register[]; values: Map<string, string> }> {
  const program = new Program().li(A2, 0).li(R.t0, 0).spin();
  const code = program.bytes();
  const kernel = file('registers.elf', elf(code, BASE));
  const quiet = ['-M', 'virt', '-bios', 'none', '-display', 'none', '-serial', 'none', '-monitor', 'none'];
  const { target, address } = await Target.waiting(command, [...quiet, '-cpu', cpu, '-kernel', kernel]);
  targets.push(target);
  const remote = await Remote.to(address);
  await remote.ask(`Z0,${(BASE + code.length - 4).toString(16)},4`);
  await remote.ask('c');
  const registers = await registersOf(remote);
  const values = new Map<string, string>();
  for (const { name, number } of registers) values.set(name, await remote.ask(`p${number.toString(16)}`));
  const last = Math.max(...registers.map(({ number }) => number));
  for (const nobody of [last + 1, registers[33]!.number + 33, 0xffff])
    if (!registers.some(({ number }) => number === nobody))
      values.set(`${nobody}`, await remote.ask(`p${nobody.toString(16)}`));
  return { registers, values };
}

test
  .skipIf(!hasQemu())
  .each(['rv64,h=off', 'rv64,h=off,d=off', 'rv64,h=off,d=off,f=off', 'rv64,h=off,pmp=off,sstc=off,debug=off'])(
  '-cpu %s: the same registers as QEMU has',
  async cpu => {
    const [ours, theirs] = [await look('qemu-like', cpu), await look('qemu-system-riscv64', cpu)];
    const shared = ours.registers.filter(({ name }) => !HIDDEN_THERE.test(name));
    expect(shared).toEqual(theirs.registers.filter(({ name }) => !THEIRS_ONLY.test(name)));
    const values = ({ values: all }: typeof ours): (readonly [string, string])[] =>
      [...all].filter(([name]) => !OWN_VALUES.test(name) && !HIDDEN_THERE.test(name) && !THEIRS_ONLY.test(name));
    expect(values(ours)).toEqual(values(theirs));
  },
);

test.skipIf(!hasQemu())('what is written is read back as on QEMU, mode by mode and size by size', async () => {
  const answers: string[][] = [];
  for (const command of ['qemu-like', 'qemu-system-riscv64']) {
    const quiet = ['-M', 'virt', '-bios', 'none', '-display', 'none', '-serial', 'none', '-monitor', 'none'];
    const kernel = file('spin.elf', elf(new Program().spin().bytes(), BASE));
    for (const cpu of ['rv64,h=off', 'rv64,h=off,d=off']) {
      const { target, address } = await Target.waiting(command, [...quiet, '-cpu', cpu, '-kernel', kernel]);
      targets.push(target);
      const remote = await Remote.to(address);
      await remote.ask(`Z0,${BASE.toString(16)},4`);
      await remote.ask('c');
      // QEMU has no `p` for somebody who does not know the description.
      await remote.document('target.xml');
      const bytes = cpu.endsWith('d=off') ? 4 : 8;
      const written: string[] = [];
      const write = async (number: number, hex: string): Promise<void> => {
        const name = number.toString(16);
        written.push(await remote.ask(`P${name}=${hex}`), await remote.ask(`p${name}`));
      };
      await write(33, '000000000000f03f'.slice(-2 * bytes));
      for (const mode of [0, 1, 2, 3]) await write(65, `0${mode}00000000000000`);
      for (const [csr, value] of WRITTEN) await write(66 + csr, value);
      answers.push(written);
    }
  }
  expect(answers.slice(0, 2)).toEqual(answers.slice(2));
});
