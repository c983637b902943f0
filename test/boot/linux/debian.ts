/**
 * Debian's unmodified Linux from an ext4 root to a prompt. Four boots, a file each, cover every firmware, number of harts,
 * translation mode and bus that the machine has, each value at least twice; what is held against a guest is dealt out
 * among them, because a boot is dear: half of its 3 thousand million instructions check the signatures of modules.
 */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { powerOn, type BootOptions, type Vm } from '../../../emulator/host/node/index.ts';
import { linuxGuest, type LinuxGuest } from '../../lib/linux-guest.ts';
import { hasE2fsprogs, linuxRootImage, linuxRootInitrd } from './root.ts';

const BOOT_TIMEOUT_MS = 60_000;
const OPENSBI = '/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin';
const DATA_DISK_BYTES = 1 << 19;
/** busybox asks the terminal where its cursor is. */
const PROMPT = /[#$] (?:.\[6n)?$/;

export interface DebianMachine {
  readonly firmware: 'the built-in SBI' | 'OpenSBI';
  readonly harts: number;
  readonly mode: 'sv39' | 'sv57';
  readonly virtio: 'mmio, version 1' | 'mmio, version 2' | 'pci';
}

/** What a boot has beyond its machine. */
export interface DebianExtras {
  readonly rootMiB?: number;
  /** Files of the root, by path; each may be run. Called once it is known that the boot takes place. */
  readonly files?: (linux: LinuxGuest) => Readonly<Record<string, Uint8Array>>;
  /** Modules to load before the root is mounted. */
  readonly modules?: readonly string[];
  /** Disks behind the root (vda) and the one that is for writing on (vdb). */
  readonly drives?: BootOptions['drives'];
  readonly net?: BootOptions['net'];
}

export function title({ firmware, harts, mode, virtio }: DebianMachine): string {
  return `Debian's Linux under ${firmware}, ${harts} ${harts === 1 ? 'hart' : 'harts'}, ${mode}, virtio-${virtio}`;
}

/** A machine whose agent answers, or null where what it takes is not here: then a skipped test says so. */
export async function bootDebian(machine: DebianMachine, extras: DebianExtras = {}): Promise<Vm | null> {
  const { firmware, harts, mode, virtio } = machine;
  const linux = hasE2fsprogs() ? linuxGuest() : null;
  if (!linux || (firmware === 'OpenSBI' && !existsSync(OPENSBI))) {
    test.skip(`${title(machine)}: Debian's packages, e2fsprogs or OpenSBI are not here`, () => {});
    return null;
  }
  const bus = virtio === 'pci' ? 'pci' : 'mmio';
  const vm = powerOn({
    kernel: linux.kernel,
    initrd: linuxRootInitrd(linux, bus, extras.modules),
    // Early: most of what the kernel says before it has its serial driver is said again behind a reset.
    append: `earlycon console=ttyS0${mode === 'sv39' ? ' no4lvl' : ''}`,
    memoryMiB: 256,
    harts,
    bus,
    isVirtioLegacy: virtio !== 'mmio, version 2',
    drives: [
      { image: linuxRootImage(linux, extras.rootMiB ?? 64, extras.files?.(linux)) },
      { image: new Uint8Array(DATA_DISK_BYTES), serial: 'disk-1' },
      ...(extras.drives ?? []),
    ],
    ...(extras.net ? { net: extras.net } : {}),
    ...(firmware === 'OpenSBI' ? { bios: OPENSBI } : {}),
    isRebootRefused: false,
  });
  await Promise.all(vm.machine.networks.map(network => network.open()));
  await vm.waitForAgent(BOOT_TIMEOUT_MS);
  return vm;
}

export function isWhatWasAskedFor(vm: Vm, { firmware, harts, mode, virtio }: DebianMachine): void {
  test('has what was asked for', async () => {
    const { stdout } = await vm.sh(
      'nproc; grep -m1 mmu /proc/cpuinfo; mount | grep " / "; readlink -f /sys/block/vda; uname -sm',
    );
    const [count, mmu, root, disk, name] = stdout.split('\n');
    expect(count).toBe(`${harts}`);
    expect(mmu).toMatch(new RegExp(`^mmu\\s*: ${mode}$`));
    expect(root).toMatch(/^\/dev\/vda on \/ type ext4 \(rw,/);
    expect(disk).toContain(virtio === 'pci' ? '/pci0000:00/' : '/10008000.virtio_mmio/');
    expect(name).toBe('Linux riscv64');
    expect(vm.console).toContain(
      firmware === 'OpenSBI' ? 'SBI implementation ID=0x1 Version=0x10001' : 'SBI implementation ID=0x5354',
    );
  });

  test('gives a prompt on its serial console', async () => {
    // Behind its first prompt the kernel may have said something.
    const from = vm.console.length;
    vm.type('\n');
    await vm.waitForConsole(PROMPT, BOOT_TIMEOUT_MS, from);
    vm.type('echo $((6 * 7)) from $(uname -m)\n');
    await vm.waitForConsole(/\n42 from riscv64\r?\n/);
  });
}
