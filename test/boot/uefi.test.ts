/**
 * UEFI, as Debian builds it for QEMU's board: it runs from flash to its shell, lists the PCI bus, and starts Debian's Linux
 * by its EFI stub from a FAT disk. The command line is the same here and on QEMU, and so is what the guest then prints.
 * (QEMU 7.2 starts harts in an image of bank 0 in M-mode, which this firmware is not for: it is put into flash by a loader,
 * and the kernel is two instructions that jump there.)
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { utf8 } from '../../emulator/base/bytes.ts';
import { Program, R } from '../../emulator/machine/test-kernel.ts';
import { debianLinux } from '../../tools/debian/linux.ts';
import { debianPackage } from '../../tools/debian/packages.ts';
import { fatImage } from '../lib/fat-image.ts';
import { hasQemu } from '../lib/qemu.ts';

const FLASH = 0x2000_0000;
const RUN_TIMEOUT_MS = 110_000;

const uefi = debianPackage('qemu-efi-riscv64');
const linux = uefi ? debianLinux() : null;

/** What is compared stands between these. */
const BEGIN = '=== begin ===';
const END = '=== end ===';

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[\\d;=]*[A-Za-z]`, 'g');

const STARTUP = ['@echo -off', `echo "${BEGIN}"`, 'ver', 'pci', `echo "${END}"`, 'fs0:'];
const BOOT = 'vmlinux.efi initrd=\\initrd.img console=ttyS0 quiet';
const INIT = `echo "${BEGIN}"
ls /sys/firmware
cat /sys/firmware/efi/fw_platform_size
cd /sys/firmware/qemu_fw_cfg/by_name
for raw in $(find -L . -name raw | sort); do echo $raw $(cat \${raw%raw}size) $(od -A n -t x1 $raw); done
cat /sys/firmware/qemu_fw_cfg/rev
cat /sys/firmware/devicetree/base/flash@20000000/compatible | tr '\\0' '\\n'
echo "${END}"
poweroff -f
`;

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'uefi-'))));
afterAll(() => rmSync(dir, { recursive: true }));

function commandLine(): string[] {
  const firmware = (name: string): string => join(uefi!, 'usr/share/qemu-efi-riscv64', `RISCV_VIRT_${name}.fd`);
  const write = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(dir, name), bytes);
    return join(dir, name);
  };
  const jump = new Program().op('lui', { rd: R.t0, imm: FLASH }).op('jalr', { rd: 0, rs1: R.t0, imm: 0 });
  const disk = fatImage({
    'startup.nsh': utf8([...STARTUP, BOOT, ''].join('\r\n')),
    'vmlinux.efi': readFileSync(linux!.kernel),
    'initrd.img': linux!.initrd({ modules: ['qemu_fw_cfg'], then: INIT }),
  });
  const loader = (name: string, at: number): string[] => [
    '-device',
    `loader,file=${firmware(name)},addr=0x${at.toString(16)},force-raw=on`,
  ];
  return [
    ...['-M', 'virt', '-m', '512M', '-nographic', '-kernel', write('jump.bin', jump.bytes())],
    ...[...loader('CODE', FLASH), ...loader('VARS', FLASH + 0x200_0000)],
    ...['-drive', `file=${write('disk.img', disk)},format=raw,if=none,id=d,readonly=on`],
    ...['-device', 'virtio-blk-pci,drive=d', '-nodefaults', '-serial', 'mon:stdio'],
  ];
}

/** The console, from power-on to the end. Keys end what counts down. */
function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let console = '';
  let isKeyPressed = false;
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_TIMEOUT_MS);
  const take = (data: Buffer): void => {
    console += data.toString('latin1');
    if (isKeyPressed || !console.includes('any other key to continue')) return;
    isKeyPressed = true;
    child.stdin.write('x');
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise(resolve => {
    child.on('close', () => {
      clearTimeout(timer);
      resolve(console);
    });
  });
}

/** Its two parts that are compared, without colours. */
function parts(console: string): string[] {
  const plain = console.replace(COLOURS, '').replaceAll('\r', '');
  const found = plain
    .split(BEGIN)
    .slice(1)
    .filter(part => part.includes(END));
  const trimmed = found.map(part => part.slice(0, part.indexOf(END)).trim());
  if (trimmed.length !== 2) throw new Error(`the console:\n${plain.slice(-2000)}`);
  return trimmed;
}

test.skipIf(!uefi || !linux || !hasQemu())(
  'UEFI from flash to its shell, and Linux by its EFI stub: as on QEMU',
  { timeout: 2 * RUN_TIMEOUT_MS },
  async () => {
    const args = commandLine();
    const consoles = await Promise.all([run('bin/qemu-like', args), run('qemu-system-riscv64', args)]);
    const [ours, theirs] = consoles.map(parts) as [string[], string[]];
    expect(ours).toEqual(theirs);
    const [shell, system] = ours as [string, string];
    expect(shell).toMatch(/UEFI v2\.70/);
    expect(shell).toMatch(/00 +00 +01 +00 ==> Mass Storage/);
    expect(system).toMatch(/\befi\b/);
    expect(system).toMatch(/^\.\/etc\/boot-fail-wait\/raw 4 ff ff ff ff$/m);
    expect(system).toMatch(/^cfi-flash$/m);
  },
);
