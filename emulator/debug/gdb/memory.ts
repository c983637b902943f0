/** Guest memory for gdb: RAM and the boot ROM, by the hart's translation or by physical address. Devices are left alone. */
import { PAGE_SIZE } from '../../bus/memory-map.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import { Rom } from '../../device/rom.ts';
import type { Machine } from '../../machine/machine.ts';
import { physicalAddress, type Space } from '../memory.ts';

/** As many of the bytes as there are from the start on. */
export function readBytes(machine: Machine, cpu: Cpu, address: bigint, length: number, space: Space): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  for (const { pa, size } of pieces(cpu, address, length, space)) {
    const piece = pa === undefined ? undefined : physicalBytes(machine, pa, size);
    if (!piece) break;
    bytes.set(piece, done);
    done += size;
  }
  return bytes.subarray(0, done);
}

/** All or nothing; only RAM can be written. Pages without write permission too: that is how code is patched. */
export function writeBytes(machine: Machine, cpu: Cpu, address: bigint, bytes: Uint8Array, space: Space): boolean {
  const parts = [...pieces(cpu, address, bytes.length, space)];
  if (!parts.every(({ pa, size }) => pa !== undefined && machine.ram.contains(pa, size))) return false;
  let done = 0;
  for (const { pa, size } of parts) {
    machine.ram.write(pa!, bytes.subarray(done, done + size));
    done += size;
  }
  return true;
}

/** The range page by page, with the physical address where there is one. */
function* pieces(cpu: Cpu, address: bigint, length: number, space: Space): Generator<{ pa?: number; size: number }> {
  for (let done = 0; done < length;) {
    const at = BigInt.asUintN(64, address + BigInt(done));
    const size = Math.min(length - done, PAGE_SIZE - Number(at % BigInt(PAGE_SIZE)));
    const pa = physicalAddress(cpu, at, space);
    yield pa === undefined ? { size } : { pa, size };
    done += size;
  }
}

function physicalBytes({ ram, bus }: Machine, pa: number, size: number): Uint8Array | undefined {
  if (ram.contains(pa, size)) return ram.bytes(pa, size);
  const window = bus.windows.find(w => pa >= w.base && pa + size <= w.end);
  if (!(window?.device instanceof Rom)) return undefined;
  const { base, device } = window;
  return Uint8Array.from({ length: size }, (_, i) => device.read(pa - base + i, 1));
}
