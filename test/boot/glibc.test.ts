/**
 * A C program built against glibc, static and dynamic, tells what signals, children and mappings look like to it on our
 * kernel. The expected lines are Linux's.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { boot } from '../../emulator/host/node/index.ts';
import { sourcesOf } from '../../tools/image/cli.ts';
import { writeExt4 } from '../../tools/image/ext4-writer.ts';
import { treeOf, type Manifest, type ManifestEntry } from '../../tools/image/manifest.ts';

const GCC = 'riscv64-linux-gnu-gcc';
const LIBRARIES = '/usr/riscv64-linux-gnu/lib';
const NEEDED = ['ld-linux-riscv64-lp64d.so.1', 'libc.so.6', 'libm.so.6'];

const EXPECTED = `raise: code -6, from me 1
kill: code 0
sigqueue: code -1, value 77
SA_RESETHAND: default 1
kill nobody: -1 No such process
unmapped: code 1 at 8
read-only: code 2 at +10
illegal: signal 4, code 1
ebreak: signal 5, and on
alternate stack: 1
blocked: caught 0, pending 1
sigsuspend: -1 Interrupted system call, caught 12
sigtimedwait: 12 then -1 Resource temporarily unavailable
poll: -1 Interrupted system call
nanosleep: -1 Interrupted system call, most is left 1
rounding mode: kept 1, 0.33333333333333338
exit: code 1, status 5, its pid 1, word 500
stop: 1 by 19, code 5
continue: 1, code 6
kill: by 15, code 2
waitid: code 1, status 9, then 9
ignored: -1 No child processes
posix_spawn: 0, 33
posix_spawn of nothing: No such file or directory
vfork: 11
broken pipe: -1 Broken pipe
mremap: kept
MADV_DONTNEED: 0
bad buffer: -1 Bad address
`;
const SIGABRT = 6;

const hasGcc = spawnSync(GCC, ['--version']).status === 0;

if (!hasGcc) test.skip(`${GCC} is not installed`, () => {});
else {
  const dir = mkdtempSync(join(tmpdir(), 'glibc-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const isDynamicToo = NEEDED.every(name => existsSync(join(LIBRARIES, name)));
  build('static', '-static');
  if (isDynamicToo) build('dynamic');

  const base = JSON.parse(readFileSync('images/manifests/rootfs.json', 'utf8')) as Manifest;
  const entries: ManifestEntry[] = [...base.entries, { path: '/bin/static', source: 'static', mode: '755' }];
  if (isDynamicToo) {
    entries.push({ path: '/bin/dynamic', source: 'dynamic', mode: '755' }, { path: '/lib' });
    for (const name of NEEDED) entries.push({ path: `/lib/${name}`, source: name, mode: '755' });
  }
  const files = sourcesOf('.', createHash('sha256'));
  const read = (path: string): Uint8Array => {
    if (NEEDED.includes(path)) return readFileSync(join(LIBRARIES, path));
    return path === 'static' || path === 'dynamic' ? readFileSync(join(dir, path)) : files.read(path);
  };
  const tree = treeOf({ ...base, entries }, { read, list: files.list }, 0);
  const image = writeExt4(tree, { uuid: new Uint8Array(16).fill(3), label: 'glibc', time: 0 });
  const vm = await boot({ drives: [{ image, isReadOnly: true }] });

  describe('a glibc program', () => {
    const run = async (program: string): Promise<void> => {
      const r = await vm.exec([program]);
      expect(r).toEqual({ exitCode: 128 + SIGABRT, signal: SIGABRT, stdout: EXPECTED, stderr: '' });
    };
    test('static', () => run('/bin/static'));
    test.skipIf(!isDynamicToo)('dynamic', () => run('/bin/dynamic'));
  });

  function build(name: string, ...flags: string[]): void {
    execFileSync(GCC, ['-w', '-O1', ...flags, '-o', join(dir, name), 'test/boot/guest/signals.c', '-lm']);
  }
}
