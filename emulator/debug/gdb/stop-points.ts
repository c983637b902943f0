/** What gdb has set with Z and takes back with z: breakpoints and watchpoints, the same on every hart. */
import type { Cpu } from '../../cpu/cpu.ts';
import { WATCHPOINTS_MAX, type Watchpoint } from '../../cpu/stops.ts';

/** Type of a Z packet: software and hardware breakpoint are the same here; write, read, access watchpoint. */
const WATCH_KINDS: Readonly<Record<string, { onRead: boolean; onWrite: boolean }>> = {
  '2': { onRead: false, onWrite: true },
  '3': { onRead: true, onWrite: false },
  '4': { onRead: true, onWrite: true },
};
const BREAKPOINTS_MAX = 1024;

export type PointResult = 'done' | 'refused' | 'unknown type';

export class StopPoints {
  /** By address, with the type that it was set by. */
  private readonly breakpoints = new Map<bigint, string>();
  private readonly watchpoints = new Map<string, Watchpoint>();
  private isChanged = false;

  insert(type: string, address: bigint, length: number): PointResult {
    if (type === '0' || type === '1') {
      if (this.breakpoints.size >= BREAKPOINTS_MAX) return 'refused';
      this.breakpoints.set(address, type);
    } else {
      const kind = WATCH_KINDS[type];
      if (!kind) return 'unknown type';
      if (this.watchpoints.size >= WATCHPOINTS_MAX || length === 0) return 'refused';
      this.watchpoints.set(`${type} ${address} ${length}`, { address, length, ...kind });
    }
    this.isChanged = true;
    return 'done';
  }

  remove(type: string, address: bigint, length: number): PointResult {
    if (type !== '0' && type !== '1' && !WATCH_KINDS[type]) return 'unknown type';
    const wasThere =
      type === '0' || type === '1'
        ? this.breakpoints.delete(address)
        : this.watchpoints.delete(`${type} ${address} ${length}`);
    this.isChanged ||= wasThere;
    return wasThere ? 'done' : 'refused';
  }

  /** Before the harts run: gdb takes everything back at each stop and sets it again, so changes are passed on here. */
  apply(harts: readonly Cpu[]): void {
    if (!this.isChanged) return;
    this.isChanged = false;
    for (const hart of harts) {
      hart.setBreakpoints([...this.breakpoints.keys()]);
      hart.setWatchpoints([...this.watchpoints.values()]);
    }
  }

  clear(harts: readonly Cpu[]): void {
    this.breakpoints.clear();
    this.watchpoints.clear();
    this.isChanged = false;
    for (const hart of harts) {
      hart.clearBreakpoints();
      hart.setWatchpoints([]);
    }
  }

  isHardware(address: bigint): boolean {
    return this.breakpoints.get(address) === '1';
  }
}
