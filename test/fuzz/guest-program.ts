/** A program of guest/ on a disk image: it is the one file there. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeExt4 } from '../../tools/image/ext4-writer.ts';
import { treeOf } from '../../tools/image/manifest.ts';

export function programImage(name: string): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'strata-guest-'));
  try {
    const program = join(dir, name);
    execFileSync(process.execPath, ['bin/asrv', `test/fuzz/guest/${name}.ts`, '-o', program], { stdio: 'inherit' });
    const sources = { read: (path: string) => new Uint8Array(readFileSync(path)), list: () => [] };
    const manifest = { label: name, entries: [{ path: `/${name}`, source: program, mode: '755' }] };
    return writeExt4(treeOf(manifest, sources, 0), { uuid: new Uint8Array(16), label: name, time: 0 });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
