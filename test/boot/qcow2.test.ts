/** Our kernel on a root image that qemu-img has converted to qcow2, plain and compressed: the guest reads what the raw image has. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openDisk } from '../../emulator/host/node/disk-image.ts';
import { builtImage } from '../../emulator/host/node/files.ts';
import { boot } from '../../emulator/host/node/index.ts';

const QEMU_IMG = process.env['QEMU_IMG'] ?? 'qemu-img';
const hasQemuImg = spawnSync(QEMU_IMG, ['--version']).status === 0;
const ROOT = builtImage('rootfs.img');

describe.skipIf(!hasQemuImg || !existsSync(ROOT))('a root image of qemu-img', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-qcow2-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['plain', []],
    ['compressed', ['-c']],
    ['clusters of 512 bytes', ['-o', 'cluster_size=512']],
  ])('%s: every byte, and a boot from it', async (name, flags) => {
    const path = join(folder, `${name}.qcow2`);
    execFileSync(QEMU_IMG, ['convert', '-O', 'qcow2', ...flags, ROOT, path]);
    const raw = readFileSync(ROOT);
    const { backend, files } = openDisk(path, true);
    expect(backend.sizeBytes).toBe(raw.length);
    const contents = new Uint8Array(raw.length);
    backend.read(0, contents);
    expect(Buffer.compare(contents, raw)).toBe(0);

    const drives = [backend, ROOT].map(image => ({ image, isReadOnly: true }));
    const vm = await boot({ drives });
    // As the guest's driver reads it, all of it, beside the raw one.
    const result = await vm.sh('wc -c </dev/vda; cmp /dev/vda /dev/vdb && echo same', { timeoutMs: 60_000 });
    expect(result).toEqual({ exitCode: 0, signal: 0, stdout: `${raw.length}\nsame\n`, stderr: '' });
    vm.machine.end(0);
    for (const file of files) file.close();
    expect(statSync(path).size).toBeLessThan(raw.length * 1.2);
  });
});
