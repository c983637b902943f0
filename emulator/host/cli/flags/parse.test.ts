import { describe, expect, test } from 'vitest';
import { UserError } from '../../../base/user-error.ts';
import { FLAGS } from './flags.ts';
import { flagsMarkdown, helpText } from './help.ts';
import { parseCommandLine } from './parse.ts';

const parse = (line: string): ReturnType<typeof parseCommandLine> =>
  parseCommandLine(line.split(' ').filter(word => word !== ''));

/** The error's two lines. */
function refusal(line: string): string {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof UserError) return `${error.message} | ${error.hint}`;
    throw error;
  }
  throw new Error(`${line} was accepted`);
}

test("QEMU's own command line is taken", () => {
  const options = parse(
    '-M virt -m 256M -smp 4 -nographic -bios none -kernel k -initrd i -append a --drive file=f,format=raw,if=none,id=x,readonly=on ' +
      '-device virtio-blk-device,drive=x,serial=s -device virtio-rng-device -global virtio-mmio.force-legacy=false -no-reboot ' +
      '-snapshot -icount shift=5,sleep=off -serial file:log -d int,guest_errors -D trace',
  );
  expect(options).toMatchObject({
    memoryMiB: 256,
    harts: 4,
    bios: 'none',
    kernel: 'k',
    initrd: 'i',
    append: 'a',
    drives: [{ file: 'f', id: 'x', isReadOnly: true }],
    isVirtioLegacy: false,
    isRebootRefused: true,
    isSnapshot: true,
    icountShift: 5,
    serial: { kind: 'file', path: 'log' },
    logItems: ['int', 'guest_errors'],
    logFile: 'trace',
  });
  expect(options.devices.map(device => [device.model, Object.fromEntries(device.props)])).toEqual([
    ['virtio-blk-device', { drive: 'x', serial: 's' }],
    ['virtio-rng-device', {}],
  ]);
});

test.each([
  ['-m 64', 64],
  ['-m=1G', 1024],
  ['--m 96M', 96],
])('%s', (line, memoryMiB) => expect(parse(line).memoryMiB).toBe(memoryMiB));

test.each([
  ['-timeout 30s', 30_000],
  ['-timeout 1.5', 1500],
  ['-timeout 250ms', 250],
  ['-timeout 2m', 120_000],
])('%s', (line, timeoutMs) => expect(parse(line).timeoutMs).toBe(timeoutMs));

test('everything behind -- is the command, joined by spaces as ssh does', () => {
  expect(parseCommandLine(['-m', '64M', '--', 'echo', '-n', 'a  b', '--', 'x']).command).toBe('echo -n a  b -- x');
});

test('a doubled comma is one', () => {
  expect(parse('-drive file=a,,b,id=x').drives[0]?.file).toBe('a,b');
});

describe('what is not understood is refused, with what to do', () => {
  test.each([
    ['--kernal k', 'did you mean -kernel?'],
    ['-foo', '--help'],
    ['kernel.elf', 'not a flag'],
    ['-m', 'value is missing'],
    ['-m lots', '128M'],
    ['-M microvm', 'only -M virt'],
    ['-M virt,aia=aplic', 'a PLIC'],
    ['-M virt,acpi=off', 'aclint=on|off'],
    ['-M virt,aclint=maybe', 'aclint is on or off'],
    ['-M virt,pflash0=x', '-drive if=pflash'],
    ['-drive if=pflash,unit=2,file=f', 'unit=0 and unit=1'],
    ['-pflash a -drive if=pflash,unit=0,file=b', 'a unit of its own'],
    ['-device loader,fiel=x', 'known are id, file'],
    ['-fw_cfg name=opt/x', 'one of file=F and string=TEXT'],
    ['-fw_cfg opt/x,string=a,file=b', 'one of file=F and string=TEXT'],
    ['-fw_cfg name=opt/x,gen_id=a', 'known are'],
    ['-smp 9', 'a number from 1 to 8'],
    ['-nographic=yes', 'takes no value'],
    ['-drive if=none', 'file='],
    ['-drive file=f,format=vmdk', 'format is raw or qcow2'],
    ['-drive file=f,if=scsi', 'if=virtio'],
    ['-drive file=f,wat=1', 'wat'],
    ['-drive file=f,if=virtio,serial=s', '-device virtio-blk-pci,drive=X,serial=S'],
    ['-drive file=f,readnoly=on', 'did you mean readonly?'],
    ['-device virtio-blk-dvice,drive=x', 'did you mean virtio-blk-device'],
    ['-device virtio-blk-pci,drive=x,seral=s', 'did you mean serial?'],
    ['-device virtio-blk-device,drive=x,addr=3', 'known are id, drive, serial'],
    ['-device virtio-rng-pci,addr=20', 'at most 1f.7'],
    ['-device virtio-rng-pci,addr=1.8', 'at most 1f.7'],
    ['-device virtio-rng-pci,disable-legacy=maybe', 'on, off or auto'],
    ['-device virtio-rng-pci,disable-modern=on', 'always there'],
    ['-device virtio-rng-pci,bus=pci.1', 'pcie.0'],
    ['-device e1000', 'known are'],
    ['-icount 11', 'from 0 to 10'],
    ['-serial pty', 'unix:PATH'],
    ['-d execs', 'known are'],
    ['-object rng-random', 'name it with id='],
    ['-object rng-random,id=r,filename=/etc/passwd', "the host's generator"],
    ['-rtc base=tomorrow', 'base=2026-01-31'],
    ['-rtc base=2026-13-01', 'base=2026-01-31'],
    ['-display gtk', 'only -display none'],
    ['-accel kvm', 'only -accel interp'],
    ['-global x.y=z', 'force-legacy'],
    ['-timeout soon', '30s'],
    ['-chardev pty,id=x', 'no ptys'],
    ['-chardev file,id=x', 'path='],
    ['-serial chardev:x', 'add -chardev'],
    ['-serial null -serial stdio', 'one serial port'],
    ['-mon chardev=x,mode=control', 'no QMP'],
    ['--', 'no command'],
  ])('%s', (line, hint) => expect(refusal(line)).toContain(hint));
});

test('help and docs page name every flag', () => {
  for (const flag of FLAGS) {
    expect(helpText()).toContain(`-${flag.names[0]}`);
    expect(flagsMarkdown()).toContain(`\`-${flag.names[0]}`);
  }
});

test('-M and -fw_cfg', () => {
  expect(parse('-M virt,aclint=on,aia=none')).toMatchObject({ hasAclint: true });
  expect(parse('-machine aclint=off,dumpdtb=f')).toMatchObject({ hasAclint: false, dumpDtb: 'f' });
  expect(parse('-fw_cfg name=opt/a,string=b,,c -fw_cfg opt/d,file=e').fwCfg).toEqual([
    { name: 'opt/a', from: { text: 'b,c' } },
    { name: 'opt/d', from: { file: 'e' } },
  ]);
});

test('-pflash and -drive if=pflash fill the banks', () => {
  const { flash } = parse('-drive if=pflash,unit=1,format=raw,readonly=on,file=b -pflash a');
  expect(flash.map(({ bank, drive }) => [bank, drive.file, drive.isReadOnly])).toEqual([
    [1, 'b', true],
    [0, 'a', false],
  ]);
});

test("QEMU's everyday flags that change nothing here are taken", () => {
  const line = '-nodefaults -name guest -display none -monitor none -accel tcg,thread=single -object rng-builtin,id=r';
  expect(parse(line)).toMatchObject({ rngs: ['r'], epochMs: undefined });
});

test('-rtc sets the time of day at power-on, in UTC', () => {
  expect(parse('-rtc base=2026-01-31').epochMs).toBe(Date.UTC(2026, 0, 31));
  expect(parse('-rtc base=2026-01-31T12:30:59,clock=vm').epochMs).toBe(Date.UTC(2026, 0, 31, 12, 30, 59));
  expect(parse('-rtc base=utc').epochMs).toBeUndefined();
});
