import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeExt4 } from './ext4-writer.ts';
import { treeOf, type Manifest, type Sources } from './manifest.ts';

const dir = mkdtempSync(join(tmpdir(), 'strata-image-'));
afterAll(() => rmSync(dir, { recursive: true }));
const has = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const big = new Uint8Array(9_000_001).map((_, i) => (i * 2654435761) >>> 24);
const sources: Sources = { read: () => big, list: () => [] };
const options = { uuid: new Uint8Array(16).fill(7), label: 'test', time: 1767225600 };

const manifest: Manifest = {
  label: 'test',
  entries: [
    { path: '/etc', mode: '2755', uid: 5, gid: 70000 },
    { path: '/etc/motd', text: 'hello\n', mode: '640' },
    { path: '/etc/again', link: '/etc/motd' },
    { path: '/short', symlink: 'etc/motd' },
    { path: '/long', symlink: 'x/'.repeat(60) },
    { path: '/null', char: [1, 3], mode: '666' },
    { path: '/odd', block: [259, 1000] },
    { path: '/pipe', fifo: true },
    { path: '/big', source: 'big', xattrs: { 'user.a': 'b', 'trusted.overlay.opaque': 'y' } },
    { path: '/many' },
    ...Array.from({ length: 700 }, (_, i) => ({ path: `/many/file-with-a-long-name-${i}`, text: `${i}` })),
  ],
};

function build(m: Manifest = manifest): Uint8Array {
  return writeExt4(treeOf(m, sources, options.time), options);
}

describe('ext4 writer', () => {
  test('makes the same bytes twice', () => {
    expect(Buffer.compare(build(), build())).toBe(0);
  });

  test.skipIf(!has('e2fsck'))('e2fsck finds nothing', () => {
    const file = join(dir, 'a.img');
    writeFileSync(file, build());
    const r = spawnSync('e2fsck', ['-fn', file], { encoding: 'utf8' });
    expect(r.stdout + r.stderr).not.toMatch(/fix|corrupt|invalid|wrong/i);
    expect(r.status).toBe(0);
  });

  test.skipIf(!has('debugfs'))('debugfs reads back what went in', () => {
    const file = join(dir, 'b.img');
    writeFileSync(file, build());
    const debugfs = (cmd: string): Buffer =>
      execFileSync('debugfs', ['-R', cmd, file], { stdio: 'pipe', maxBuffer: 2 ** 26 });
    expect(debugfs('cat /etc/again').toString()).toBe('hello\n');
    expect(Buffer.compare(debugfs('cat /big'), big)).toBe(0);
    expect(debugfs('stat /etc').toString()).toMatch(/Mode:\s+02755[\s\S]*User:\s+5\s+Group: 70000/);
    expect(debugfs('stat /odd').toString()).toContain('Device major/minor number: 259:1000');
    expect(debugfs('stat /short').toString()).toContain('etc/motd');
    expect(debugfs('cat /many/file-with-a-long-name-699').toString()).toBe('699');
    expect(debugfs('ea_get /big trusted.overlay.opaque').toString()).toMatch(/= "y"/);
  });

  test('several groups are consistent', () => {
    const image = writeExt4(treeOf(manifest, sources, options.time), { ...options, spareBlocks: 70_000 });
    expect(image.length / 4096).toBeGreaterThan(70_000);
    if (!has('e2fsck')) return;
    const file = join(dir, 'c.img');
    writeFileSync(file, image);
    const r = spawnSync('e2fsck', ['-fn', file], { encoding: 'utf8' });
    expect(r.status, r.stdout + r.stderr).toBe(0);
  });

  test('a manifest mistake names its row', () => {
    const bad = (e: Manifest['entries'][number]) => () => build({ label: 'x', entries: [e] });
    expect(bad({ path: '/a/b', text: '' })).toThrow(/\/a\/b: a is no directory/);
    expect(bad({ path: '/a', mode: '999' })).toThrow(/mode 999/);
    expect(bad({ path: '/a', link: '/b' })).toThrow(/links to \/b/);
    expect(bad({ path: 'a', text: '' })).toThrow(/no absolute path/);
    expect(bad({ path: '/a', text: '', xattrs: { 'user.x': 'y'.repeat(200) } })).toThrow(/does not fit/);
  });
});
