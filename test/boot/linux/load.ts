/** Work that takes all of a guest for a while: processes, files, floating point. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Vm } from '../../../emulator/host/node/index.ts';
import type { PatternDisk } from './pattern-disk.ts';

const LONG_MS = 300_000;
const SECTOR_BYTES = 512;
const GCC = 'riscv64-linux-gnu-gcc';
const QEMU_USER = 'qemu-riscv64';

export function standsAStormOfProcesses(vm: Vm): void {
  test(
    'a storm of processes',
    async () => {
      const storm = 'for i in $(seq 150); do /bin/busybox true; done; echo done';
      const { stdout } = await vm.sh(`for j in 1 2 3 4 5 6 7 8; do (${storm}) & done; wait`, { timeoutMs: LONG_MS });
      expect(stdout).toBe('done\n'.repeat(8));
    },
    LONG_MS,
  );
}

/**
 * From a disk whose every block is different, through the root's disk and back; the file stays.
 * @param disk the guest's vdc; larger than what the guest can keep of it in its memory
 */
export function keepsALargeFile(vm: Vm, disk: PatternDisk, path: string): void {
  test(
    'a large file, through the disk and back',
    async () => {
      const sectorsRead = "awk '{ print $3 }' /sys/block/vda/stat";
      const { stdout } = await vm.sh(
        `cp /dev/vdc ${path} && sync && echo 3 >/proc/sys/vm/drop_caches; ${sectorsRead}; md5sum <${path}; ${sectorsRead}`,
        { timeoutMs: LONG_MS },
      );
      const [before, sum, after] = stdout.split('\n');
      expect(sum).toBe(`${disk.md5()}  -`);
      expect(Number(after) - Number(before)).toBeGreaterThanOrEqual(disk.sizeBytes / SECTOR_BYTES);
    },
    LONG_MS,
  );
}

export function copiesATree(vm: Vm): void {
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
}

export interface FloatCheck {
  readonly program: Uint8Array;
  /** What it prints on qemu-riscv64. */
  readonly expected: string;
}

/** Undefined where the compiler or qemu-riscv64 are not here. */
export function floatCheck(): FloatCheck | undefined {
  if (spawnSync(GCC, ['--version']).status !== 0 || spawnSync(QEMU_USER, ['--version']).status !== 0) return undefined;
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

/** @param path where the guest has the program; @param count how many run at a time */
export function computesAsQemuDoes(vm: Vm, check: FloatCheck | undefined, path: string, count: number): void {
  test.skipIf(!check)(
    'floating point, with every rounding mode and flag, as on qemu-riscv64, with others that do the same',
    async () => {
      const outputs = Array.from({ length: count }, (_, i) => `/tmp/float-${i}`);
      const { stdout } = await vm.sh(
        `${outputs.map(output => `${path} >${output} &`).join(' ')} wait; cat ${outputs[0]}; for i in ${outputs.join(' ')}; do cmp ${outputs[0]} $i; done`,
        { timeoutMs: LONG_MS },
      );
      expect(stdout).toBe(check!.expected);
    },
  );
}
