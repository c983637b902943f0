/** The board's flash beside QEMU's: the same commands, in and out of order, read the same, and write the same image. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FileBackend } from '../../emulator/host/node/files.ts';
import type { FlashSpec } from '../../emulator/machine/config.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import { Program, testConfig } from '../../emulator/machine/test-kernel.ts';
import { randomFrom } from '../isa/random-program.ts';
import { hasQemu } from '../lib/qemu.ts';
import { firstDifference, onOurs, onQemu, type BusAccess } from '../lib/qtest.ts';

const BASE = 0x2000_0000;
const BANK = 0x200_0000;
const SECTOR = 0x4_0000;
const OPERATIONS = 2500;

type Random = (below: number) => number;
const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)]!;

/** Few places, so that they meet: around borders of blocks, sectors and banks, and where ids and the CFI table are. */
function place(random: Random, width: number): number {
  const near = pick(random, [
    0,
    0,
    0x40,
    0xff8,
    SECTOR - 0x10,
    SECTOR,
    3 * SECTOR + 0x7ff0,
    BANK - 8,
    BANK,
    BANK + SECTOR,
  ]);
  const offset = near + random(near === 0 || near === 0x40 ? 0x160 : 24);
  return Math.max(0, Math.min(2 * BANK - 8, offset - (offset % width)));
}

function accesses(random: Random): BusAccess[] {
  const width = pick(random, [1, 2, 4, 4, 4, 8] as const);
  const at = place(random, width);
  const write = (offset: number, value: number, size: 1 | 2 | 4 | 8 = 4): BusAccess => ({
    kind: 'write',
    pa: BASE + offset - (offset % size),
    width: size,
    value: BigInt(value >>> 0),
  });
  const read: BusAccess = { kind: 'read', pa: BASE + at, width };
  const value = random(0x1_0000) * 0x1_0001 + random(3);
  switch (random(9)) {
    case 0:
      return [write(at, pick(random, [0x10, 0x40]), width), write(at, value, width), read];
    case 1:
      return [write(at, 0x20), read, write(at, pick(random, [0xd0, 0xd0, 0xff, 0x33])), read];
    case 2: {
      const count = random(5);
      const words = Array.from({ length: count + pick(random, [1, 1, 1, 0, 2]) }, (_, i) =>
        write(at + 4 * i, value + i),
      );
      return [write(at, 0xe8), read, write(at, count), ...words, write(at, pick(random, [0xd0, 0xd0, 0xff])), read];
    }
    case 3:
      return [
        write(at, pick(random, [0x70, 0x90, 0x98, 0x90, 0x98])),
        read,
        { ...read, pa: BASE + place(random, width) },
      ];
    case 4:
      return [write(at, 0x60), write(at, pick(random, [0x01, 0xd0, 0xff, 0x2f])), read];
    case 5:
      return [write(at, pick(random, [0x50, 0xff, 0xf0, 0, 0x28, random(256)]), width), read];
    default:
      return [write(at, 0xff), read, { ...read, pa: BASE + place(random, width) }];
  }
}

function sequence(seed: number): BusAccess[] {
  const random = randomFrom(seed);
  return Array.from({ length: OPERATIONS }, () => accesses(random)).flat();
}

test.skipIf(!hasQemu()).each([1, 2])('seed %i, no image: it reads as QEMU’s does', async seed => {
  const commands = sequence(seed);
  const machine = new Machine(testConfig(new Program().spin()));
  const theirs = await onQemu(['-bios', 'none', '-m', '16'], commands);
  expect(firstDifference(commands, onOurs(machine, commands), theirs)).toBe('none');
  expect(new Set(theirs).size).toBeGreaterThan(200);
});

test.skipIf(!hasQemu()).each([
  [3, false],
  [4, true],
])(
  'seed %i, with images (read-only: %s): reads and files are as QEMU’s',
  { timeout: 60_000 },
  async (seed, isReadOnly) => {
    const dir = mkdtempSync(join(tmpdir(), 'flash-'));
    try {
      const image = new Uint8Array(BANK).map((_, i) => (i * 7) ^ (i >>> 11));
      const [ours, theirs] = ['ours.fd', 'theirs.fd'].map(name => join(dir, name)) as [string, string];
      for (const file of [ours, theirs]) writeFileSync(file, image);
      const commands = sequence(seed);
      const backend = new FileBackend(ours, isReadOnly);
      const flash: FlashSpec[] = [{ bank: 1, backend }];
      const machine = new Machine(testConfig(new Program().spin(), { flash }));
      const readonly = isReadOnly ? 'on' : 'off';
      const drive = `if=pflash,unit=1,format=raw,readonly=${readonly},file=${theirs}`;
      const answers = await onQemu(['-bios', 'none', '-m', '16', '-drive', drive], commands);
      expect(firstDifference(commands, onOurs(machine, commands), answers)).toBe('none');
      backend.close();
      expect(readFileSync(ours).equals(readFileSync(theirs))).toBe(true);
      expect(readFileSync(ours).equals(image)).toBe(isReadOnly);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);
