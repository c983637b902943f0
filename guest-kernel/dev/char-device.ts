/** Character devices: what a node of type S_IFCHR opens, found by its device number. */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";
import { IoBuf } from "../mm/io-buf";
import { WaitQueue } from "../proc/wait-queue";

/** As poll(2): what is possible now. */
export const POLLIN: u32 = 1;
export const POLLOUT: u32 = 4;
export const POLLERR: u32 = 8;
export const POLLHUP: u32 = 16;

export abstract class CharDevice {
  constructor(
    /** Name below /dev. */
    public name: string,
    public rdev: u64,
    /** Permission bits of the node that devfs makes. */
    public mode: u32,
  ) {}

  /** `flags` are O_*. May park. Errors: -ENXIO, -EBUSY. */
  open(_flags: u32): Result {
    return 0;
  }
  close(_flags: u32): void {}
  /** Bytes read; 0 is end of file. `pos` matters to seekable devices alone. May park, or -EAGAIN with O_NONBLOCK. */
  abstract read(buf: IoBuf, pos: i64, flags: u32): Result;
  abstract write(buf: IoBuf, pos: i64, flags: u32): Result;
  /** `arg` is the caller's register. Errors: -ENOTTY, -EFAULT, … */
  ioctl(_cmd: u32, _arg: u64): Result {
    return fail(Errno.ENOTTY);
  }
  /** POLL* that hold now. */
  poll(): u32 {
    return POLLIN | POLLOUT;
  }
  /** Woken when poll() may have changed; null when it never does. */
  waiters(): WaitQueue | null {
    return null;
  }
  get seekable(): bool {
    return false;
  }
  /** The device that an open of this node really means for the caller (/dev/tty, /dev/console), or null: -ENXIO. */
  resolve(): CharDevice | null {
    return this;
  }
}

const devices = new Array<CharDevice>();

export function registerCharDevice(d: CharDevice): void {
  devices.push(d);
}

export function charDevice(rdev: u64): CharDevice | null {
  for (let i = 0; i < devices.length; i++) if (devices[i].rdev == rdev) return devices[i];
  return null;
}

/** In order of registration, for devfs. */
export function charDevices(): Array<CharDevice> {
  return devices;
}
