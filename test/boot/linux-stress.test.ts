/**
 * Debian's Linux with four harts on PCI, from an ext4 root, under load: processes, files, floating point, and the overlay
 * scripts on Linux's own overlayfs through our agent, with our own sh and getfattr where busybox has none.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { powerOn, type Vm } from '../../emulator/host/node/index.ts';
import { linuxGuest } from '../lib/linux-guest.ts';
import { fsck, hasE2fsprogs, linuxRootImage, linuxRootInitrd } from '../lib/linux-root.ts';
import { parseKtap, type KtapReport } from '../lib/ktap.ts';
import { overlayScripts } from '../overlay/scripts.ts';

const BOOT_TIMEOUT_MS = 60_000;
const LONG_MS = 300_000;
const GCC = 'riscv64-linux-gnu-gcc';
const QEMU_USER = 'qemu-riscv64';
const FILE_MIB = 256;

const linux = hasE2fsprogs() ? linuxGuest() : null;
const canCompile = spawnSync(GCC, ['--version']).status === 0 && spawnSync(QEMU_USER, ['--version']).status === 0;

/** The program, and what it prints on qemu-riscv64. */
function floatCheck(): { program: Uint8Array; expected: string } {
  const folder = mkdtempSync(join(tmpdir(), 'strata-float-'));
  try {
    const program = join(folder, 'float-check');
    const flags = ['-static', '-O1', '-frounding-math', '-o', program];
    execFileSync(GCC, [...flags, 'test/boot/guest/float-check.c', '-lm']);
    return { program: readFileSync(program), expected: execFileSync(QEMU_USER, [program], { encoding: 'utf8' }) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function bootLoaded(files: Readonly<Record<string, Uint8Array>>): Promise<Vm> {
  const vm = powerOn({
    kernel: linux!.kernel,
    initrd: linuxRootInitrd(linux!),
    append: 'console=ttyS0 quiet',
    memoryMiB: 512,
    harts: 4,
    bus: 'pci',
    drives: [{ image: linuxRootImage(linux!, 512, files) }],
  });
  await vm.waitForAgent(BOOT_TIMEOUT_MS);
  return vm;
}

if (!linux) test.skip("Debian's Linux under load: its packages or e2fsprogs are not here", () => {});
else {
  const float = canCompile ? floatCheck() : undefined;
  const scripts = Object.fromEntries(
    readdirSync('test/overlay')
      .filter(name => name.endsWith('.sh'))
      .map(name => [`mnt/${name}`, readFileSync(join('test/overlay', name))]),
  );
  const vm = await bootLoaded({
    ...scripts,
    'mnt/overlay.ko': linux.module('overlay'),
    ...(float ? { 'mnt/float-check': float.program } : {}),
  });
  // busybox has no getfattr; ours runs on Linux too.
  await vm.sh('insmod /mnt/overlay.ko; for name in getfattr setfattr; do ln -sf /agent /bin/$name; done');
  const reports: [string, KtapReport][] = [];
  for (const { name } of overlayScripts()) {
    const { stdout } = await vm.sh(`sh /mnt/${name}.sh 2>&1`, { timeoutMs: LONG_MS });
    reports.push([name, parseKtap(stdout)]);
  }

  describe.each(reports)("%s on Debian's overlayfs", (_name, report) => {
    test('runs to its end', () => expect(report.problem).toBeNull());
    for (const c of report.cases) {
      if (c.status !== 'skip') test(c.name, () => expect(c.status, c.detail).toBe('pass'));
    }
  });

  describe("Debian's Linux under load", () => {
    afterAll(() => vm.machine.end(0));

    test('a storm of processes on four harts', async () => {
      const storm = 'for i in $(seq 300); do /bin/busybox true; done; echo done';
      const { stdout } = await vm.sh(`for j in 1 2 3 4 5 6 7 8; do (${storm}) & done; wait`, { timeoutMs: LONG_MS });
      expect(stdout).toBe('done\n'.repeat(8));
    });

    test(
      'a file of 256 MiB, through the disk and back',
      async () => {
        const block = randomBytes(1 << 20);
        await vm.sh('cat >/tmp/block', { stdin: block });
        const { stdout } = await vm.sh(
          `for i in $(seq ${FILE_MIB}); do cat /tmp/block; done >/mnt/big; sync; echo 3 >/proc/sys/vm/drop_caches; md5sum </mnt/big; rm /mnt/big`,
          { timeoutMs: LONG_MS },
        );
        const hash = createHash('md5');
        for (let i = 0; i < FILE_MIB; i++) hash.update(block);
        expect(stdout).toBe(`${hash.digest('hex')}  -\n`);
      },
      LONG_MS,
    );

    test('a tree through tar, and the same again', async () => {
      const make =
        'mkdir -p /mnt/tree/a/b /mnt/copy; for i in $(seq 200); do head -c $((i * 97)) /dev/urandom >/mnt/tree/a/b/$i; done; ln -s b/1 /mnt/tree/a/link';
      const sums = '(cd $1 && find . -type f | sort | xargs md5sum; readlink a/link)';
      const { stdout } = await vm.sh(
        `${make}; tar c -C /mnt/tree . | tar x -C /mnt/copy; sums() { ${sums}; }; sums /mnt/tree >/tmp/1; sums /mnt/copy >/tmp/2; cmp /tmp/1 /tmp/2 && wc -l </tmp/1; rm -r /mnt/tree /mnt/copy`,
        { timeoutMs: LONG_MS },
      );
      expect(stdout).toBe('201\n');
    });

    test.skipIf(!float)('floating point, with every rounding mode and flag, as on qemu-riscv64', async () => {
      const { stdout } = await vm.sh('/mnt/float-check', { timeoutMs: LONG_MS });
      expect(stdout).toBe(float!.expected);
    });

    test('powers off, and its root is clean', async () => {
      await vm.sh('sync; mount -o remount,ro /');
      vm.type('poweroff -f\n');
      expect(await vm.waitForExit()).toBe(0);
      const [disk] = vm.machine.config.devices;
      if (disk?.kind !== 'blk') throw new Error('the first device is no disk');
      expect(fsck(disk.backend)).toMatchObject({ status: 0 });
    });
  });
}
