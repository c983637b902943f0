/**
 * The address map of everything that is not RAM. An access finds its device by binary search behind a cache of the last
 * hit; what nothing claims, what crosses a window's end, what is misaligned and what the device does not take is a
 * fault, which the guest sees as an access fault (as QEMU's memory core answers it).
 */
import { assert } from '../base/assert.ts';
import { hex } from '../base/bytes.ts';
import type { Device, GuestErrorLog } from './device.ts';

export interface Window {
  readonly base: number;
  /** The first address behind it. */
  readonly end: number;
  readonly device: Device;
}

export class Bus {
  hi = 0;
  fault = false;
  /** Sorted by base, without overlaps. */
  private readonly sorted: Window[] = [];
  private last: Window = { base: 0, end: 0, device: undefined as never };

  constructor(private readonly guestError: GuestErrorLog) {}

  attach(base: number, device: Device): void {
    const window = { base, end: base + device.windowSize, device };
    assert(
      !this.sorted.some(w => w.base < window.end && base < w.end),
      `the window of ${device.name} at ${hex(base)} overlaps another`,
    );
    this.sorted.push(window);
    this.sorted.sort((a, b) => a.base - b.base);
  }

  /** By address. */
  get windows(): readonly Window[] {
    return this.sorted;
  }

  read(pa: number, width: 1 | 2 | 4 | 8): number {
    this.hi = 0;
    const window = this.find(pa, width, false);
    if (!window) return 0;
    const { device, base } = window;
    const offset = pa - base;
    if (width !== 8) return device.read(offset, width);
    if (device.read64) {
      const { lo, hi } = device.read64(offset);
      this.hi = hi;
      return lo;
    }
    const lo = device.read(offset, 4);
    this.hi = device.read(offset + 4, 4);
    return lo;
  }

  write(pa: number, width: 1 | 2 | 4 | 8, lo: number, hi: number): void {
    const window = this.find(pa, width, true);
    if (!window) return;
    const { device, base } = window;
    const offset = pa - base;
    if (width === 8) {
      if (device.write64) {
        device.write64(offset, lo >>> 0, hi >>> 0);
        return;
      }
      device.write(offset, 4, lo >>> 0);
      device.write(offset + 4, 4, hi >>> 0);
    } else {
      device.write(offset, width, width === 4 ? lo >>> 0 : lo & (width === 2 ? 0xffff : 0xff));
    }
  }

  /** The window that takes the access; sets `fault` when there is none. */
  private find(pa: number, width: number, isWrite: boolean): Window | undefined {
    let window: Window | undefined = this.last;
    if (!(pa >= window.base && pa < window.end)) window = this.search(pa);
    this.fault = true;
    if (window) {
      this.last = window;
      const { device } = window;
      const isTaken =
        width >= device.minWidth &&
        width <= device.maxWidth &&
        pa % width === 0 &&
        pa + width <= window.end &&
        (device.accepts === undefined || device.accepts(pa - window.base, width, isWrite));
      this.fault = !isTaken;
      if (isTaken) return window;
    }
    this.guestError(
      `${width}-byte access to ${hex(pa)}: ${window ? `not taken by ${window.device.name}` : 'nothing there'}`,
    );
    return undefined;
  }

  private search(pa: number): Window | undefined {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const window = this.sorted[middle]!;
      if (pa < window.base) high = middle;
      else if (pa >= window.end) low = middle + 1;
      else return window;
    }
    return undefined;
  }
}
