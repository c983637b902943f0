/** Guest memory as a debugger reads it: by virtual or physical address, without side effects, so RAM alone. */
import { PAGE_SIZE } from '../bus/memory-map.ts';
import type { Ram } from '../bus/ram.ts';
import type { Cpu } from '../cpu/cpu.ts';

export type Space = 'virtual' | 'physical';

/** Where the hart's loads at `address` go; undefined when that is not mapped. */
export function physicalAddress(cpu: Cpu, address: bigint, space: Space): number | undefined {
  if (space === 'physical') return address < 2n ** 53n ? Number(address) : undefined;
  // Data without read permission may still be code.
  return cpu.translate(address, 'read') ?? cpu.translate(address, 'execute');
}

/** The bytes at `address`, as many of `length` as there are from the start on. */
export function readMemory(cpu: Cpu, ram: Ram, address: bigint, length: number, space: Space): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const at = BigInt.asUintN(64, address + BigInt(done));
    const part = Math.min(length - done, PAGE_SIZE - Number(at % BigInt(PAGE_SIZE)));
    const pa = physicalAddress(cpu, at, space);
    if (pa === undefined || !ram.contains(pa, part)) return bytes.subarray(0, done);
    bytes.set(ram.bytes(pa, part), done);
    done += part;
  }
  return bytes;
}
