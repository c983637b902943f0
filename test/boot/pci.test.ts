/** Our kernel with its root disk and the agent's channel on PCI: on our own machine and on real QEMU. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { boot } from '../../emulator/host/node/index.ts';
import { MOUNT_SCRIPTS, reportCases, scriptCommand, scriptsImage } from '../lib/guest-script.ts';
import { parseKtap } from '../lib/ktap.ts';
import { hasQemu, QemuVm } from '../lib/qemu.ts';

const KERNEL = 'images/out/kernel.elf';
const ROOT = 'images/out/rootfs.img';
const SCRIPTS = ['d-copy-up', 'g-rename'];
/** A program is larger than one request; what is read back comes from the disk. */
const WRITE_AND_READ = [
  'cat /bin/sh >/dev/vdb && sync && echo 3 >/proc/sys/vm/drop_caches',
  'head -c $(wc -c </bin/sh) /dev/vdb | cmp - /bin/sh && echo same',
].join('; ');
const MIB = 1 << 20;

const dir = mkdtempSync(join(tmpdir(), 'strata-pci-'));
afterAll(() => rmSync(dir, { recursive: true }));

function disk(name: string, bytes: Uint8Array): string {
  const file = join(dir, name);
  writeFileSync(file, bytes);
  return file;
}

const scripts = disk('scripts.img', scriptsImage());
const empty = disk('empty.img', new Uint8Array(3 * MIB));

const ours = await boot({ bus: 'pci', drives: [{ image: ROOT, isReadOnly: true }, scripts, empty] });
await ours.sh(MOUNT_SCRIPTS);
for (const name of SCRIPTS) {
  const { stdout } = await ours.sh(scriptCommand(name));
  reportCases(`${name} with everything on our PCI bus`, parseKtap(stdout));
}

test('our machine: the boot log names functions, what is written is read', async () => {
  const log = await ours.sh('dmesg');
  expect(log.stdout).toMatch(
    /virtio-pci at 00:01\.0: vda\n.*virtio-pci at 00:02\.0: vdb\n.*00:03\.0: vdc\n.*virtio-pci at 00:04\.0: hvc0\n/,
  );
  expect((await ours.sh(WRITE_AND_READ.replaceAll('vdb', 'vdc'))).stdout).toBe('same\n');
});

if (!hasQemu()) test.skip('qemu-system-riscv64 is not installed', () => {});
else {
  const qemu = await QemuVm.start({ kernel: KERNEL, drives: [ROOT, scripts], isPci: true });
  try {
    await qemu.sh(MOUNT_SCRIPTS);
    for (const name of SCRIPTS) {
      const { stdout } = await qemu.sh(scriptCommand(name));
      reportCases(`${name} with everything on QEMU's PCI bus`, parseKtap(stdout));
    }
  } finally {
    qemu.stop();
  }

  test('QEMU: disks are named virtio-mmio first, then by PCI device number; functions share a wire', async () => {
    const drive = (id: string, MiB: number): string[] => {
      const file = disk(`${id}.img`, new Uint8Array(MiB * MIB));
      return ['-drive', `file=${file},format=raw,if=none,id=${id}`];
    };
    const vm = await QemuVm.start({
      kernel: KERNEL,
      drives: [ROOT],
      isPci: true,
      append: 'root=/dev/vdb',
      args: [
        ...[...drive('two', 2), ...drive('three', 3), ...drive('four', 4)],
        // Slots 2 (the agent's channel), 6 and 10 drive the same of the bridge's four wires.
        ...[
          '-device',
          'virtio-blk-pci,drive=four,addr=a,disable-legacy=on',
          '-device',
          'virtio-blk-pci,drive=three,addr=6',
        ],
        ...['-device', 'virtio-rng-pci,addr=3', '-device', 'virtio-blk-device,drive=two'],
      ],
    });
    try {
      const log = await vm.waitForConsole(/virtio-pci at 00:0a\.0/);
      expect(log).toMatch(/virtio-pci at 00:02\.0: hvc0/);
      expect((await vm.sh('cat /proc/partitions')).stdout).toMatch(/ 2048 vda\n.* vdb\n.* 3072 vdc\n.* 4096 vdd\n/);
      for (const name of ['vda', 'vdc', 'vdd']) {
        expect((await vm.sh(WRITE_AND_READ.replaceAll('vdb', name))).stdout).toBe('same\n');
      }
    } finally {
      vm.stop();
    }
  });
}
