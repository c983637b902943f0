/** The fw_cfg device beside QEMU's own: the same accesses, many of them senseless, read the same. */
import { expect, test } from 'vitest';
import { Machine } from '../../emulator/machine/machine.ts';
import { Program, testConfig } from '../../emulator/machine/test-kernel.ts';
import { randomFrom } from '../isa/random-program.ts';
import { hasQemu } from '../lib/qemu.ts';
import { firstDifference, onOurs, onQemu, type BusAccess } from '../lib/qtest.ts';

const DATA = 0x1010_0000;
const SELECTOR = 0x1010_0008;
const DMA = 0x1010_0010;
const MEMORY_MIB = 16;
const HARTS = 3;
const RAM = 0x8000_0000;
const RAM_END = RAM + MEMORY_MIB * 0x10_0000;
const STRUCTURE = RAM + 0x10_0000;
const TARGET = RAM + 0x20_0000;
const OPERATIONS = 3000;

const pick = <T>(random: (below: number) => number, from: readonly T[]): T => from[random(from.length)]!;

function bigEndian(value: bigint, bytes: number): bigint {
  let out = 0n;
  for (let i = 0; i < bytes; i++) out |= ((value >> BigInt(8 * i)) & 0xffn) << BigInt(8 * (bytes - 1 - i));
  return out;
}

function dma(random: (below: number) => number): BusAccess[] {
  const at = pick(random, [STRUCTURE, STRUCTURE + random(256), RAM_END - 16, RAM_END - 8, RAM_END + 0x1000]);
  const target = pick(random, [TARGET + random(64), TARGET + random(64), RAM_END - random(24), RAM_END + 0x1000]);
  const length = pick(random, [0, 1, 4, random(80), random(3000)]);
  const control = (item(random) << 16) | pick(random, [0, 2, 4, 8, 8, 10, 10, 10, 12, 16, 24, 26, 30, random(64)]);
  const isInRam = at + 16 <= RAM_END;
  const words: [number, bigint][] = [
    [at, bigEndian((BigInt(control >>> 0) << 32n) | BigInt(length), 8)],
    [at + 8, bigEndian(BigInt(target), 8)],
  ];
  const trigger: BusAccess[] =
    random(2) === 0
      ? [{ kind: 'write', pa: DMA, width: 8, value: bigEndian(BigInt(at), 8) }]
      : [
          { kind: 'write', pa: DMA, width: 4, value: 0n },
          { kind: 'write', pa: DMA + 4, width: 4, value: bigEndian(BigInt(at), 4) },
        ];
  const look = [at, TARGET, TARGET + 8, TARGET + 16, TARGET + 2056, RAM_END - 16, RAM_END - 8];
  return [
    ...words.flatMap(([pa, value]): BusAccess[] => (isInRam ? [{ kind: 'write', pa, width: 8, value }] : [])),
    { kind: 'write', pa: TARGET + 8, width: 8, value: 0x5555_5555_5555_5555n },
    ...trigger,
    ...look.flatMap((pa): BusAccess[] => (pa + 8 <= RAM_END ? [{ kind: 'read', pa, width: 8 }] : [])),
  ];
}

function item(random: (below: number) => number): number {
  return pick(random, [0, 1, 5, 0x19, 0x19, 0x20, 0x21, 0x22, random(0x48), 0x8000 + random(4), 0x4001, 0xffff]);
}

function accesses(seed: number): BusAccess[] {
  const random = randomFrom(seed);
  return Array.from({ length: OPERATIONS }, (): BusAccess[] => {
    const width = pick(random, [1, 1, 2, 4, 8] as const);
    switch (random(8)) {
      case 0:
        return [{ kind: 'write', pa: SELECTOR, width: 2, value: bigEndian(BigInt(item(random)), 2) }];
      case 1:
        return dma(random);
      case 2:
        return [{ kind: 'read', pa: DMA + width * random(8 / width), width }];
      case 3:
        return [{ kind: 'write', pa: DATA, width, value: BigInt(random(256)) }];
      default:
        return [{ kind: 'read', pa: DATA, width }];
    }
  }).flat();
}

test.skipIf(!hasQemu()).each([1, 2])('seed %i: it reads as QEMU does', async seed => {
  const sequence = accesses(seed);
  const machine = new Machine(testConfig(new Program().spin(), { memoryMiB: MEMORY_MIB, harts: HARTS }));
  const args = ['-nographic', '-bios', 'none', '-m', `${MEMORY_MIB}`, '-smp', `${HARTS}`];
  const theirs = await onQemu(args, sequence);
  expect(firstDifference(sequence, onOurs(machine, sequence), theirs)).toBe('none');
});
