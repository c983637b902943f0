/** Block devices: 512-byte sectors, requests polled to their end (docs/kernel-model.md: nothing below a filesystem parks). */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";

export const SECTOR_SIZE: u32 = 512;

export abstract class BlockDevice {
  readOnly: bool = false;
  constructor(
    /** Name below /dev: vda, vdb, … */
    public name: string,
    public rdev: u64,
    /** Capacity in sectors. */
    public sectors: u64,
  ) {}

  /** Reads `count` sectors into kernel memory at `dst`. Errors: -EIO, also past the end. */
  abstract read(sector: u64, count: u32, dst: usize): Result;
  /** Errors: -EROFS, -EIO. */
  write(_sector: u64, _count: u32, _src: usize): Result {
    return fail(Errno.EROFS);
  }
  /** Returns when everything written is stable. Errors: -EIO. */
  flush(): Result {
    return 0;
  }
}

const devices = new Array<BlockDevice>();

export function registerBlockDevice(d: BlockDevice): void {
  devices.push(d);
}

export function blockDevice(rdev: u64): BlockDevice | null {
  for (let i = 0; i < devices.length; i++) if (devices[i].rdev == rdev) return devices[i];
  return null;
}

/** In order of registration, for devfs and /proc/partitions. */
export function blockDevices(): Array<BlockDevice> {
  return devices;
}
