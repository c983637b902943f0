/**
 * Debian's Linux on PCI, and its view of the bus beside its view of real QEMU's for the same command line: ids, classes,
 * where it put each BAR and how large it found it, interrupts, disks. Eight harts, as many as the board takes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linuxGuest } from '../../lib/linux-guest.ts';
import { hasQemu } from '../../lib/qemu.ts';

const TIMEOUT_MS = 120_000;
const MODULES = ['virtio_blk', 'virtio-rng'];

/** Runs instead of init: prints what the kernel found, line by line, and powers off. */
const PROBE = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
for module in /modules/*; do insmod $module; done
echo; echo BEGIN
cd /sys/bus/pci/devices
for d in *; do
  for f in vendor device revision class subsystem_vendor subsystem_device irq enable resource; do
    echo "$d $f $(cat $d/$f | tr '\\n' ';')"
  done
  echo "$d config $(od -An -v -tx1 -N 192 $d/config | tr -d '\\n')"
  echo "$d driver $(basename $(readlink $d/driver) 2>/dev/null)"
done
cd /sys/block
for d in vd*; do
  for f in ro size serial queue/discard_max_bytes queue/discard_granularity queue/write_zeroes_max_bytes queue/logical_block_size; do
    echo "$d $f $(cat $d/$f)"
  done
  head -c 512 /dev/$d | md5sum
done
grep virtio /proc/interrupts | sed 's/^ *[0-9]*:[ 0-9]*//'
nproc; cat /sys/devices/system/cpu/online
cat /sys/class/misc/hw_random/rng_available
echo END
poweroff -f
`;

const linux = linuxGuest();
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'linux-pci-'));
  for (const [name, byte] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const) {
    // prettier-ignore
    writeFileSync(join(dir, `${name}.img`), new Uint8Array(1 << 20).fill(byte));
  }
  if (linux) writeFileSync(join(dir, 'initrd'), linux.initrd(MODULES, { probe: Buffer.from(PROBE) }).bytes);
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What the probe prints under a program that takes QEMU's command line, and the program's status. */
function probe(program: string, devices: readonly string[]): Promise<{ lines: string[]; status: number | null }> {
  const args = ['-M', 'virt', '-smp', '8', '-m', '256M', '-nographic'];
  args.push('-kernel', linux!.kernel, '-initrd', join(dir, 'initrd'));
  args.push('-append', 'console=ttyS0 quiet rdinit=/probe', '-snapshot', '-no-reboot');
  args.push(
    ...devices.flatMap(device => device.split(' ')).map(word => word.replace(/file=(\w)/, `file=${dir}/$1.img`)),
  );
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString('latin1')));
    child.stderr.on('data', (data: Buffer) => (output += data.toString('latin1')));
    child.on('error', fail);
    child.on('close', status => {
      const found = /BEGIN\r?\n([^]*)END/.exec(output);
      if (found) done({ lines: found[1]!.trim().split(/\r?\n/), status });
      else fail(new Error(`${program}: no answer\n${output.slice(-2000)}`));
    });
  });
}

describe.skipIf(!linux || !hasQemu())("Debian's Linux finds on our PCI bus what it finds on QEMU's", () => {
  test('several disks, with addresses, a serial number, read-only, modern only', { timeout: TIMEOUT_MS }, async () => {
    const devices = [
      '-drive file=a,if=virtio,format=raw',
      '-drive file=b,if=none,id=x,format=raw,readonly=on',
      '-drive file=c,if=none,id=y,format=raw',
      '-device virtio-rng-pci,addr=7',
      '-device virtio-blk-pci,drive=x,serial=disk-x,disable-legacy=on',
      '-device virtio-serial-pci',
      '-device virtio-blk-pci,drive=y,addr=1f',
    ];
    // QEMU's disks have as many queues as there are harts, ours have one.
    const oneQueue = '-global virtio-blk-pci.num-queues=1';
    const [ours, qemus] = await Promise.all([
      probe(resolve('bin/qemu-like'), devices),
      probe('qemu-system-riscv64', [...devices, oneQueue]),
    ]);
    expect(ours.lines).toEqual(qemus.lines);
    expect(ours.lines.join(' ')).toMatch(/ 8 0-7 /);
    expect(ours.lines.filter(line => /^vd. size 2048$/.test(line))).toHaveLength(3);
    expect([ours.status, qemus.status]).toEqual([0, 0]);
  });
});
