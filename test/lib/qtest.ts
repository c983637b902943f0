/**
 * Bus accesses without a guest, on our board and on QEMU's: there by its qtest protocol (`-qtest stdio`), with the CPU
 * stopped. What a device answers to a sequence of accesses can be compared access by access.
 */
import { spawn } from 'node:child_process';
import type { Machine } from '../../emulator/machine/machine.ts';

/** Addresses in RAM go to RAM. Accesses that would fault say nothing on QEMU: leave them out. */
export type BusAccess =
  | { readonly kind: 'read'; readonly pa: number; readonly width: 1 | 2 | 4 | 8 }
  | { readonly kind: 'write'; readonly pa: number; readonly width: 1 | 2 | 4 | 8; readonly value: bigint };

const SUFFIX = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' } as const;
const QEMU_TIMEOUT_MS = 60_000;

/** What each access read, in hexadecimal; '' for a write. */
export async function onQemu(args: readonly string[], accesses: readonly BusAccess[]): Promise<string[]> {
  const silent = ['-display', 'none', '-serial', 'none', '-monitor', 'none', '-qtest-log', '/dev/null'];
  const child = spawn('qemu-system-riscv64', ['-M', 'virt', '-S', '-qtest', 'stdio', ...silent, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', data => (said += String(data)));
  const timer = setTimeout(() => child.kill('SIGKILL'), QEMU_TIMEOUT_MS);
  try {
    child.stdin.write(accesses.map(command).join(''));
    const answers: string[] = [];
    let text = '';
    for await (const data of child.stdout) {
      text += String(data);
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const [state, value] = line.split(' ');
        if (state !== 'OK') throw new Error(`QEMU answers ${line}`);
        answers.push(value === undefined ? '' : BigInt(value).toString(16));
      }
      if (answers.length === accesses.length) return answers;
    }
    throw new Error(`QEMU ended after ${answers.length} of ${accesses.length} accesses: ${said}`);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

function command(access: BusAccess): string {
  const address = `0x${access.pa.toString(16)}`;
  const name = `${access.kind}${SUFFIX[access.width]} ${address}`;
  return access.kind === 'read' ? `${name}\n` : `${name} 0x${access.value.toString(16)}\n`;
}

export function onOurs({ ram, bus }: Machine, accesses: readonly BusAccess[]): string[] {
  return accesses.map(access => {
    const { pa, width } = access;
    const isRam = ram.contains(pa, width);
    if (access.kind === 'read') {
      if (isRam) return littleEndian(ram.bytes(pa, width)).toString(16);
      const lo = BigInt.asUintN(8 * Math.min(width, 4), BigInt(bus.read(pa, width)));
      return ((BigInt(bus.hi >>> 0) << 32n) | lo).toString(16);
    }
    const bytes = Uint8Array.from({ length: width }, (_, i) => Number((access.value >> BigInt(8 * i)) & 0xffn));
    if (isRam) ram.write(pa, bytes);
    else bus.write(pa, width, Number(access.value & 0xffff_ffffn), Number(access.value >> 32n));
    return '';
  });
}

/** For a message; 'none' when both read the same. */
export function firstDifference(
  accesses: readonly BusAccess[],
  ours: readonly string[],
  theirs: readonly string[],
): string {
  const at = accesses.findIndex((_, i) => ours[i] !== theirs[i]);
  if (at < 0) return 'none';
  const shown = accesses
    .slice(Math.max(0, at - 8), at + 1)
    .map(
      access =>
        `${access.kind} ${access.pa.toString(16)} ${access.width} ${'value' in access ? access.value.toString(16) : ''}`,
    );
  return `access ${at}: ours ${ours[at]}, QEMU's ${theirs[at]}, after ${shown.join('; ')}`;
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
