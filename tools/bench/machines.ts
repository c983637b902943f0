/** One command line for both: our machine and, where it is installed, QEMU, with the images of the build. */
import { spawnSync } from 'node:child_process';

const QEMU = 'qemu-system-riscv64';

export interface PeerMachine {
  readonly command: string;
  readonly args: readonly string[];
}

export function hasQemu(): boolean {
  return spawnSync(QEMU, ['--version']).status === 0;
}

/** Our kernel and its root: ours, then QEMU. @param more flags that both understand */
export function machines(more: readonly string[]): [ours: PeerMachine, theirs?: PeerMachine] {
  const root = ['-drive', 'file=images/out/rootfs.img,format=raw,if=none,id=root,readonly=on'];
  const args = ['-M', 'virt', '-m', '128M', '-nographic', '-bios', 'default', '-kernel', 'images/out/kernel.elf'];
  return machinesOf([...args, ...root, '-device', 'virtio-blk-device,drive=root', ...more]);
}

/** @param args a whole command line that both understand */
export function machinesOf(args: readonly string[]): [ours: PeerMachine, theirs?: PeerMachine] {
  const ours = { command: process.execPath, args: ['bin/qemu-like', ...args] };
  return hasQemu() ? [ours, { command: QEMU, args }] : [ours];
}
