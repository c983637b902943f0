/**
 * Files from strangers: mutated ELF files, Linux Images, device trees, qcow2 images and snapshots. Each is taken or is a UserError; no
 * other exception, no hang, no memory beyond what the file can ask for, and a machine that refuses a snapshot is as it was.
 * Seeded: STRATA_FUZZ_SEED.
 */
import { deflateSync, inflateSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../emulator/base/user-error.ts';
import { concatBytes, viewOf } from '../../emulator/base/bytes.ts';
import { Ram } from '../../emulator/bus/ram.ts';
import { ElfFile, elfSymbols } from '../../emulator/machine/elf-file.ts';
import { readFdt } from '../../emulator/machine/fdt-read.ts';
import { FDT_END, FdtNode } from '../../emulator/machine/fdt.ts';
import { loadImage, placeImage } from '../../emulator/machine/load-image.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import { loadSnapshot, restoreSnapshot } from '../../emulator/machine/snapshot/load.ts';
import { encodeSection, END, fileHeader, readSections, type Section } from '../../emulator/machine/snapshot/file.ts';
import { saveSnapshot } from '../../emulator/machine/snapshot/save.ts';
import { elf, Program, R, testConfig } from '../../emulator/machine/test-kernel.ts';
import { CowLayer } from '../../emulator/storage/cow-layer.ts';
import { MemoryBackend } from '../../emulator/storage/memory-backend.ts';
import { Qcow2Image } from '../../emulator/storage/qcow2.ts';

const SEED = Number(process.env['STRATA_FUZZ_SEED'] ?? 1);
const MIB = 1 << 20;

class Random {
  constructor(private state: number) {}
  below(limit: number): number {
    this.state = (Math.imul(this.state ^ (this.state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9) >>> 0;
    const mixed = Math.imul(this.state ^ (this.state >>> 12), 0x297a_2d39) >>> 0;
    return Math.floor((mixed / 2 ** 32) * limit);
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}

const WORDS = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  1n << 53n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];

/** Some bytes, words or the length are others. @param front where most changes go */
function mutate(random: Random, file: Uint8Array, front: number): Uint8Array {
  const out = file.slice();
  const view = viewOf(out);
  for (let n = 1 + random.below(6); n > 0; n--) {
    const at = random.below(random.below(8) === 0 ? out.length : Math.min(front, out.length));
    const kind = random.below(4);
    if (kind === 0) out[at] = random.below(256);
    else if (kind === 1) out[at]! ^= 1 << random.below(8);
    else if (at + 8 <= out.length)
      view.setBigUint64(at & ~(kind === 2 ? 7 : 3), random.pick(WORDS), random.below(2) === 0);
  }
  return random.below(5) === 0 ? out.slice(0, random.below(out.length)) : out;
}

/** True when it was refused. */
function isRefused(what: () => void): boolean {
  try {
    what();
    return false;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.message.length).toBeLessThan(400);
    expect(error.hint).not.toBe('');
    return true;
  }
}

describe('kernels', () => {
  const code = new Program().print('x').finish(0x5555).bytes();
  const image = new Uint8Array(4096);
  viewOf(image).setBigUint64(16, 0x10000n, true);
  viewOf(image).setUint32(56, 0x0543_5352, true);
  const ram = new Ram(4 * MIB);

  test.each([
    ['ELF', elf(code), 120],
    ['Image', image, 64],
  ])('%s: 6000 mutations', (name, whole, front) => {
    const random = new Random(SEED);
    let refused = 0;
    for (let n = 0; n < 6000; n++) {
      const file = mutate(random, whole, front);
      if (isRefused(() => placeImage(ram, loadImage(file, name, 0x8020_0000), name))) refused++;
      elfSymbols(file);
      new ElfFile(file).symbols();
    }
    expect(refused).toBeGreaterThan(300);
  });

  test('a machine is switched on with them or refuses: 60 mutations', () => {
    const random = new Random(SEED);
    for (let n = 0; n < 60; n++) {
      const kernel = { name: 'k', bytes: mutate(random, elf(code), 120) };
      const initrd = { name: 'i', bytes: new Uint8Array(random.below(4) * MIB) };
      const config = testConfig(new Program(), { kernel, initrd, memoryMiB: 8 });
      isRefused(() => void new Machine(config).powerOn());
    }
  });

  test('65535 segments that each fill the whole of RAM are refused, not filled', () => {
    const COUNT = 65_535;
    const one = elf(code);
    const file = concatBytes([one.subarray(0, 64), ...Array.from({ length: COUNT }, () => one.subarray(64, 120))]);
    const view = viewOf(file);
    view.setUint16(56, COUNT, true);
    for (let i = 0; i < COUNT; i++) {
      view.setBigUint64(64 + 56 * i + 24, 0x8000_0000n, true);
      view.setBigUint64(64 + 56 * i + 32, 0n, true);
      view.setBigUint64(64 + 56 * i + 40, BigInt(4 * MIB), true);
    }
    expect(() => placeImage(ram, loadImage(file, 'k', 0), 'k')).toThrow('add up to');
  });
});

describe('device trees', () => {
  const whole = new Machine(testConfig(new Program().spin(), { devices: [{ kind: 'rng' }] })).powerOn();

  test('8000 mutations: refused, or a tree that is written and read again', () => {
    const random = new Random(SEED);
    let refused = 0;
    for (let n = 0; n < 8000; n++) {
      const file = mutate(random, whole, random.below(2) ? 64 : whole.length);
      const isNo = isRefused(() => {
        const tree = readFdt(file, 'f');
        const blob = tree.root.toBlob(tree);
        expect(blob.length).toBeLessThan(2 * file.length + 64);
        expect(readFdt(blob, 'again')).toEqual(tree);
      });
      if (isNo) refused++;
    }
    expect(refused).toBeGreaterThan(4000);
    expect(refused).toBeLessThan(8000);
  });

  test('a machine is switched on with them or refuses: 60 mutations', () => {
    const random = new Random(SEED);
    for (let n = 0; n < 60; n++) {
      const dtb = { name: 'f', bytes: mutate(random, whole, n % 2 ? 64 : whole.length) };
      isRefused(() => void new Machine(testConfig(new Program(), { dtb, memoryMiB: 8 })).powerOn());
    }
  });

  test('100000 properties that each name the same megabyte of text are refused, not copied', () => {
    const root = new FdtNode('');
    root.prop('p');
    const blob = root.toBlob();
    const [structureAt, propBytes, count] = [56, 12, 100_000];
    const token = (value: number): Uint8Array => {
      const bytes = new Uint8Array(4);
      viewOf(bytes).setUint32(0, value);
      return bytes;
    };
    const properties = new Uint8Array(propBytes * count);
    for (let i = 0; i < count; i++) {
      viewOf(properties).setUint32(propBytes * i, 3);
      viewOf(properties).setUint32(propBytes * i + 8, i);
    }
    const start = blob.subarray(0, structureAt + 8);
    const strings = new Uint8Array(MIB).fill(0x61);
    strings[MIB - 1] = 0;
    const file = concatBytes([start, properties, token(2), token(FDT_END), strings]);
    const view = viewOf(file);
    view.setUint32(4, file.length);
    view.setUint32(12, file.length - MIB);
    view.setUint32(32, MIB);
    view.setUint32(36, file.length - MIB - structureAt);
    expect(() => readFdt(file, 'f')).toThrow('has no end');
  });
});

test('qcow2: 4000 mutations, read at many places', () => {
  const CLUSTER = 512;
  const whole = new Uint8Array(8 * CLUSTER);
  const view = viewOf(whole);
  view.setUint32(0, 0x5146_49fb);
  view.setUint32(4, 3);
  view.setUint32(20, 9);
  view.setBigUint64(24, BigInt(64 * CLUSTER));
  view.setUint32(36, 1);
  view.setBigUint64(40, BigInt(CLUSTER));
  view.setUint32(100, 104);
  view.setBigUint64(CLUSTER, BigInt(2 * CLUSTER));
  const packed = deflateSync(new Uint8Array(CLUSTER).fill(7));
  whole.set(packed, 4 * CLUSTER);
  for (let i = 0; i < 64; i++) {
    const entry = [0n, 1n, BigInt(3 * CLUSTER), (1n << 62n) | BigInt(4 * CLUSTER)][i % 4]!;
    view.setBigUint64(2 * CLUSTER + 8 * i, entry);
  }
  const readAll = (file: Uint8Array): void => {
    const disk = new Qcow2Image(new MemoryBackend(file, true), inflateSync);
    const target = new Uint8Array(3000);
    for (let i = 0; i < 40; i++) {
      const at = Math.floor(((disk.sizeBytes - target.length) / 39) * i);
      if (at >= 0) disk.read(at, target);
    }
  };
  readAll(whole);
  const random = new Random(SEED);
  let refused = 0;
  for (let n = 0; n < 4000; n++) {
    const file = mutate(random, whole, random.below(2) ? 112 : 3 * CLUSTER);
    if (isRefused(() => readAll(file))) refused++;
  }
  expect(refused).toBeGreaterThan(1000);
});

describe('snapshots', () => {
  const host = { openDrive: () => new MemoryBackend(new Uint8Array(8192), true) };
  const program = new Program().print('before').li(R.t2, 77).op('wfi').spin();

  function machineAt(): Machine {
    const drive = new CowLayer(new MemoryBackend(new Uint8Array(8192), true));
    drive.write(4000, new Uint8Array(500).fill(3));
    const devices = [{ kind: 'blk', backend: drive, serial: 's' }, { kind: 'console' }, { kind: 'rng' }] as const;
    const machine = new Machine(testConfig(program, { memoryMiB: 8, devices }));
    machine.powerOn();
    machine.advance(1000);
    return machine;
  }

  const file = saveSnapshot(machineAt(), 'session');
  /** One that is somewhere else: what a refused file must not change. */
  const other = machineAt();
  other.advance(5000);
  other.ram.write(0x8010_0000, Uint8Array.of(1, 2, 3));
  const before = saveSnapshot(other);

  const refusal = (bytes: Uint8Array): string => {
    try {
      restoreSnapshot(other, bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      return (error as UserError).message;
    }
    return 'loaded';
  };

  test('each of 3000 flipped bits and 500 cuts is refused by the name of a section', () => {
    const random = new Random(SEED);
    for (let n = 0; n < 3000; n++) {
      const bytes = file.slice();
      bytes[n < 300 ? n : random.below(bytes.length)]! ^= 1 << random.below(8);
      expect(refusal(bytes)).toMatch(/section \S/);
    }
    for (let n = 0; n < 500; n++) expect(refusal(file.slice(0, random.below(file.length)))).toMatch(/section \S/);
    expect(refusal(concatBytes([file, Uint8Array.of(0)]))).toContain('section end: 1 bytes follow it');
    expect(saveSnapshot(other)).toEqual(before);
  });

  const rewrite = (change: (section: Section) => Partial<Section> & { bytes?: Uint8Array }): Uint8Array =>
    concatBytes([
      fileHeader(),
      ...readSections(file).map(section => {
        const { name, version, isOptional } = { ...section, ...change(section) };
        return encodeSection({ name, version, isOptional, data: change(section).bytes ?? section.data() });
      }),
      encodeSection({ name: END, version: 1, data: new Uint8Array(0) }),
    ]);

  test.each(
    readSections(file)
      .filter(({ isOptional }) => !isOptional)
      .map(({ name }) => name),
  )('section %s: newer, missing, or under another name', wanted => {
    const newer = rewrite(({ name, version }) => (name === wanted ? { version: version + 1 } : {}));
    expect(refusal(newer)).toMatch(`section ${wanted}: version`);
    expect(refusal(newer)).toContain('newer');
    const renamed = rewrite(({ name }) => (name === wanted ? { name: 'future' } : {}));
    expect(refusal(renamed)).toMatch(/section (future: is not known|.*: missing)/);
    expect(saveSnapshot(other)).toEqual(before);
  });

  test('an optional section that is not known is passed over', () => {
    const bytes = concatBytes([
      file.subarray(0, file.length - encodeSection({ name: END, version: 1, data: new Uint8Array(0) }).length),
      encodeSection({ name: 'future', version: 9, isOptional: true, data: new Uint8Array(5) }),
      encodeSection({ name: END, version: 1, data: new Uint8Array(0) }),
    ]);
    const machine = machineAt();
    expect(restoreSnapshot(machine, bytes)).toBe('session');
    expect(saveSnapshot(machine, 'session')).toEqual(file);
  });

  test('500 forged ones, with checksums that are right', () => {
    const random = new Random(SEED);
    const names = readSections(file).map(({ name }) => name);
    let refused = 0;
    for (let n = 0; n < 500; n++) {
      const forged = random.pick(names);
      const bytes = rewrite(section => (section.name === forged ? { bytes: mutate(random, section.data(), 200) } : {}));
      const machine = n % 30 === 0 ? undefined : other;
      const isNo = isRefused(() => void (machine ? restoreSnapshot(machine, bytes) : loadSnapshot(bytes, host)));
      if (isNo) refused++;
      if (isNo && n % 10 === 1) expect(saveSnapshot(other)).toEqual(before);
      if (!isNo && machine) restoreSnapshot(other, before);
    }
    expect(refused).toBeGreaterThan(100);
    expect(saveSnapshot(other)).toEqual(before);
  });
});
