import { expect, test } from 'vitest';
import { MemoryBackend } from '../../storage/memory-backend.ts';
import { transplant } from '../test-devices.ts';
import { SeededEntropy } from '../entropy.ts';
import { VirtioBlk } from '../virtio/blk.ts';
import { VirtioRng } from '../virtio/rng.ts';
import { BAR4, ECAM, RAM_BASE, TestPci } from './test-pci.ts';

const rng = (): VirtioRng => new VirtioRng(new SeededEntropy(1));
const blk = (): VirtioBlk => new VirtioBlk(new MemoryBackend(new Uint8Array(64 * 512)), 's');

const DESC = RAM_BASE + 0x1000;
const AVAIL = RAM_BASE + 0x2000;
const USED = RAM_BASE + 0x3000;
const BUFFER = RAM_BASE + 0x4000;
const MESSAGE = RAM_BASE + 0x5000;

/** Brings up the generator's queue through the modern registers at `at`. */
function startModern(pci: TestPci, at: number): void {
  pci.write(at + 0x14, 0, 1);
  pci.write(at + 0x14, 3, 1);
  pci.write(at + 0x08, 1);
  pci.write(at + 0x0c, 1);
  pci.write(at + 0x14, 11, 1);
  pci.write(at + 0x18, 8, 2);
  [DESC, AVAIL, USED].forEach((pa, i) => {
    pci.write(at + 0x20 + 8 * i, pa);
    pci.write(at + 0x24 + 8 * i, 0);
  });
  pci.write(at + 0x1c, 1, 2);
  pci.write(at + 0x14, 15, 1);
}

/** Offers one writable buffer of 16 bytes as request n. */
function offer(pci: TestPci, n: number, avail = AVAIL): void {
  pci.ram.write32(DESC, BUFFER);
  pci.ram.write32(DESC + 4, 0);
  pci.ram.write32(DESC + 8, 16);
  pci.ram.write16(DESC + 12, 2);
  pci.ram.write16(avail + 4 + 2 * ((n - 1) % 8), 0);
  pci.ram.write16(avail + 2, n);
}

test('who is not there reads as ones, on this bus and on others, and behind the 256 bytes', () => {
  const pci = new TestPci();
  pci.add(1, rng());
  for (const at of [
    pci.config(2, 0),
    pci.config(1, 0) + 0x1000,
    ECAM + 0x10_0000,
    ECAM + 0xfff_f000,
    pci.config(1, 256),
  ])
    expect([pci.read(at), pci.read(at, 2), pci.read(at, 1)]).toEqual([0xffff_ffff, 0xffff, 0xff]);
  pci.write(pci.config(2, 4), 7);
  expect(pci.bus.fault).toBe(false);
});

test('identity: transitional and modern only', () => {
  const pci = new TestPci();
  pci.add(1, blk());
  pci.add(2, blk(), true);
  const identity = (slot: number): number[] => [0x00, 0x08, 0x2c, 0x3c].map(at => pci.read(pci.config(slot, at)));
  expect(identity(1)).toEqual([0x1001_1af4, 0x0100_0000, 0x0002_1af4, 0x0000_0100]);
  expect(identity(2)).toEqual([0x1042_1af4, 0x0100_0001, 0x1100_1af4, 0x0000_0100]);
});

test('the sizing probe: all ones written, the size comes back; what is read-only stays', () => {
  const pci = new TestPci();
  pci.add(1, blk());
  for (let at = 0; at < 0x40; at += 4) pci.write(pci.config(1, at), 0xffff_ffff);
  const bars = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24].map(at => pci.read(pci.config(1, at)));
  expect(bars).toEqual([0xffff_ff81, 0xffff_f000, 0, 0, 0xffff_c00c, 0xffff_ffff]);
  expect(pci.read(pci.config(1, 0))).toBe(0x1001_1af4);
  expect(pci.read(pci.config(1, 4))).toBe(0x0010_0507);
  expect(pci.read(pci.config(1, 0x30))).toBe(0);
  expect(pci.read(pci.config(1, 0x3c))).toBe(0x01ff);
});

test('the capability list, as QEMU lays it out', () => {
  const pci = new TestPci();
  pci.add(1, rng());
  const list: number[][] = [];
  for (let at = pci.read(pci.config(1, 0x34), 1); at !== 0; at = pci.read(pci.config(1, at + 1), 1)) {
    list.push([at, pci.read(pci.config(1, at), 1), pci.read(pci.config(1, at + 3), 1)]);
  }
  expect(list).toEqual([
    [0x98, 0x11, 0],
    [0x84, 9, 5],
    [0x70, 9, 2],
    [0x60, 9, 4],
    [0x50, 9, 3],
    [0x40, 9, 1],
  ]);
  expect([0x44, 0x48, 0x4c, 0x80].map(at => pci.read(pci.config(1, at)))).toEqual([4, 0, 0x1000, 4]);
  expect([0x98, 0x9c, 0xa0].map(at => pci.read(pci.config(1, at)))).toEqual([0x0001_8411, 1, 0x801]);
});

test('a BAR answers where it was put, while memory is enabled, and nowhere else', () => {
  const pci = new TestPci();
  pci.add(1, rng());
  const { modern } = pci.enable(1);
  expect(pci.read(modern + 0x12, 2)).toBe(1);
  pci.write(pci.config(1, 4), 5, 2);
  expect(pci.read(modern + 0x12, 2)).toBe(0xffff);
  pci.write(pci.config(1, 4), 7, 2);
  const moved = BAR4 + 0x1234_8000;
  pci.write(pci.config(1, 0x20), moved % 2 ** 32);
  expect(pci.read(modern + 0x12, 2)).toBe(0xffff);
  expect(pci.read(moved + 0x12, 2)).toBe(1);
  // Outside of every window: over RAM, over the bridge, beyond the end of all.
  for (const high of [0, 0x7fff_ffff, 0xffff_ffff]) {
    pci.write(pci.config(1, 0x20), 0x8000_0000);
    pci.write(pci.config(1, 0x24), high);
    expect(pci.read(moved + 0x12, 2)).toBe(0xffff);
  }
  expect(pci.bus.fault).toBe(false);
});

test('a 64-bit BAR may sit in the 32-bit window', () => {
  const pci = new TestPci();
  pci.add(1, rng());
  pci.enable(1);
  pci.write(pci.config(1, 0x20), 0x7fff_c000);
  pci.write(pci.config(1, 0x24), 0);
  expect(pci.read(0x7fff_c012, 2)).toBe(1);
});

test('modern: a request, its interrupt on the swizzled wire, and the status register that clears it', () => {
  const pci = new TestPci();
  pci.add(6, rng());
  const { modern } = pci.enable(6);
  startModern(pci, modern);
  expect(pci.read(modern + 0x14, 1)).toBe(15);
  offer(pci, 1);
  pci.write(modern + 0x3000, 0, 2);
  expect(pci.ram.read16(USED + 2)).toBe(1);
  const levels = (): boolean[] => pci.wires.map(wire => wire.level);
  expect(levels()).toEqual([false, false, true, false]);
  expect(pci.read(pci.config(6, 6), 2) & 8).toBe(8);
  pci.write(pci.config(6, 4), 0x407, 2);
  expect(levels()).toEqual([false, false, false, false]);
  pci.write(pci.config(6, 4), 7, 2);
  expect(levels()).toEqual([false, false, true, false]);
  expect(pci.read(modern + 0x1000, 1)).toBe(1);
  expect(levels()).toEqual([false, false, false, false]);
  expect(pci.read(modern + 0x1000, 1)).toBe(0);
  expect(pci.read(pci.config(6, 6), 2) & 8).toBe(0);
});

test('two functions share a wire: it falls when both are quiet', () => {
  const pci = new TestPci();
  for (const slot of [1, 5]) pci.add(slot, rng());
  const at = [1, 5].map(slot => pci.enable(slot).modern);
  at.forEach((modern, i) => {
    startModern(pci, modern);
    pci.ram.write16(USED + 2, 0);
    offer(pci, 1);
    pci.write(modern + 0x3000, 0, 2);
    expect(pci.wires[1]!.level, `${i}`).toBe(true);
  });
  pci.read(at[0]! + 0x1000, 1);
  expect(pci.wires[1]!.level).toBe(true);
  pci.read(at[1]! + 0x1000, 1);
  expect(pci.wires[1]!.level).toBe(false);
});

test('nothing moves without bus mastering, and losing it takes DRIVER_OK away', () => {
  const pci = new TestPci();
  pci.add(1, rng());
  const { modern } = pci.enable(1);
  startModern(pci, modern);
  offer(pci, 1);
  pci.write(pci.config(1, 4), 3, 2);
  pci.write(modern + 0x3000, 0, 2);
  expect(pci.ram.read16(USED + 2)).toBe(0);
  expect(pci.read(modern + 0x14, 1)).toBe(11);
});

test('legacy: a transitional function serves a driver from before version 1', () => {
  const pci = new TestPci();
  pci.add(1, rng());
  const { io } = pci.enable(1);
  pci.write(io + 0x12, 3, 1);
  expect(pci.read(io)).toBe(0x3800_0000);
  pci.write(io + 4, 0);
  expect(pci.read(io + 0x0c, 2)).toBe(8);
  pci.write(io + 8, DESC / 4096);
  expect(pci.read(io + 8)).toBe(DESC / 4096);
  pci.write(io + 0x12, 7, 1);
  const avail = DESC + 16 * 8;
  offer(pci, 1, avail);
  pci.write(io + 0x10, 0, 2);
  expect(pci.ram.read16(DESC + 4096 + 2)).toBe(1);
  expect(pci.wires[1]!.level).toBe(true);
  expect(pci.read(io + 0x13, 1)).toBe(1);
  expect(pci.wires[1]!.level).toBe(false);
  pci.write(io + 0x12, 0, 1);
  expect(pci.read(io + 8)).toBe(0);
});

test('legacy: the configuration of a disk stands behind the header, further with MSI-X', () => {
  const pci = new TestPci();
  pci.add(1, blk());
  const { io } = pci.enable(1);
  expect(pci.read(io + 0x14)).toBe(64);
  pci.write(pci.config(1, 0x9a), 0x8000, 2);
  expect([pci.read(io + 0x14, 2), pci.read(io + 0x18)]).toEqual([0xffff, 64]);
});

test('a driver that cannot map BARs reaches them through configuration space', () => {
  const pci = new TestPci();
  pci.add(1, rng());
  const cap = (offset: number): number => pci.config(1, 0x84 + offset);
  const select = (bar: number, offset: number, length: number): void => {
    pci.write(cap(4), bar, 1);
    pci.write(cap(8), offset);
    pci.write(cap(12), length);
  };
  select(4, 0x14, 1);
  pci.write(cap(16), 3, 1);
  expect(pci.read(cap(16), 1)).toBe(3);
  select(4, 0x12, 2);
  expect(pci.read(cap(16), 2)).toBe(1);
  for (const [bar, offset, length] of [
    [9, 0, 4],
    [4, 0x4000, 4],
    [4, 0xffff_fffc, 4],
    [4, 0, 3],
    [4, 1, 2],
  ] as const) {
    // prettier-ignore
    select(bar, offset, length);
    pci.write(cap(16), 0xffff_ffff);
    pci.read(cap(16));
  }
  select(4, 0x14, 1);
  expect(pci.read(cap(16), 1)).toBe(3);
});

test('MSI-X: a message instead of the wire; masked ones wait', () => {
  const pci = new TestPci();
  pci.add(1, rng());
  const { modern, msix } = pci.enable(1);
  startModern(pci, modern);
  pci.write(pci.config(1, 0x9a), 0x8000, 2);
  pci.write(modern + 0x1a, 7, 2);
  expect(pci.read(modern + 0x1a, 2)).toBe(0xffff);
  pci.write(modern + 0x1a, 1, 2);
  expect(pci.read(modern + 0x1a, 2)).toBe(1);
  expect(pci.read(msix + 16 + 12)).toBe(1);
  pci.write(msix + 16, MESSAGE);
  pci.write(msix + 16 + 8, 0x1234_5678);
  offer(pci, 1);
  pci.write(modern + 0x3000, 0, 2);
  expect([pci.ram.read32(MESSAGE), pci.read(msix + 0x800)]).toEqual([0, 2]);
  pci.write(msix + 16 + 12, 0);
  expect([pci.ram.read32(MESSAGE), pci.read(msix + 0x800)]).toEqual([0x1234_5678, 0]);
  expect(pci.wires.some(wire => wire.level)).toBe(false);
  // A message to where nobody takes it is lost, and no harm.
  pci.write(msix + 16, 0x1000_0000);
  offer(pci, 2);
  pci.write(modern + 0x3000, 0, 2);
  expect(pci.guestErrors.join()).toContain('nobody takes it');
});

test('state travels: a copy has the same registers, mappings and wire', () => {
  const [a, b] = [new TestPci(), new TestPci()];
  for (const pci of [a, b]) pci.add(3, rng());
  const { modern } = a.enable(3);
  startModern(a, modern);
  offer(a, 1);
  a.write(modern + 0x3000, 0, 2);
  transplant(a.host, b.host);
  expect(b.wires[3]!.level).toBe(true);
  expect(b.read(modern + 0x14, 1)).toBe(15);
  for (let at = 0; at < 256; at += 4) expect(b.read(b.config(3, at))).toBe(a.read(a.config(3, at)));
  b.host.reset();
  expect(b.wires[3]!.level).toBe(false);
  expect(b.read(modern + 0x14, 1)).toBe(0xff);
  expect(b.read(b.config(3, 0x20))).toBe(0xc);
});
