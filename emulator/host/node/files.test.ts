import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../base/user-error.ts';
import { FileBackend, readNamed } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'strata-files-'));

function image(name: string, bytes = 1024): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(bytes).fill(7));
  return path;
}

test('reads and writes where it is told', () => {
  const path = image('rw.img');
  const disk = new FileBackend(path, false);
  disk.write(510, Uint8Array.of(1, 2, 3, 4));
  disk.flush();
  const got = new Uint8Array(6);
  disk.read(509, got);
  expect([...got]).toEqual([7, 1, 2, 3, 4, 7]);
  expect(disk.sizeBytes).toBe(1024);
  disk.close();
  expect(readFileSync(path)[513]).toBe(4);
});

test('a writer locks the image against writers and readers, until it closes it', () => {
  const path = image('locked.img');
  const writer = new FileBackend(path, false);
  expect(() => new FileBackend(path, false)).toThrow(/in use/);
  expect(() => new FileBackend(path, true)).toThrow(/in use/);
  writer.close();
  expect(existsSync(`${path}.lock`)).toBe(false);
  const readers = [new FileBackend(path, true), new FileBackend(path, true)];
  readers.forEach(reader => reader.close());
});

test('a lock whose owner is gone, or that names nobody, is void', () => {
  const path = image('stale.img');
  for (const owner of ['999999999', 'nonsense', '']) {
    writeFileSync(`${path}.lock`, owner);
    new FileBackend(path, false).close();
  }
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test.each([
  ['of no whole sectors', () => image('odd.img', 1000)],
  ['empty', () => image('empty.img', 0)],
  ['missing', () => join(folder, 'missing.img')],
  ['a folder', () => folder],
])('an image that is %s is the user’s error', (_what, make) => {
  expect(() => new FileBackend(make(), true)).toThrow(UserError);
});

test('reading past the end throws: the device makes it an I/O error', () => {
  const disk = new FileBackend(image('short.img'), true);
  expect(() => disk.read(1000, new Uint8Array(100))).toThrow('ends at byte 1024');
  disk.close();
});

test('a missing file names itself', () => {
  expect(() => readNamed('/no/kernel', 'kernel')).toThrow('kernel /no/kernel: no such file');
});
