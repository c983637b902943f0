/** Random values that hurt: near edges, far beyond them, and often enough in order. */

export const MIB = 1 << 20;
export const RAM = 0x8000_0000;
export const RAM_BYTES = 16 * MIB;

const LENGTHS = [
  0,
  1,
  2,
  15,
  16,
  17,
  511,
  512,
  513,
  4096,
  65_536,
  MIB,
  RAM_BYTES,
  RAM_BYTES + 1,
  0x7fff_ffff,
  0xffff_ffff,
];
const ADDRESSES = [
  0,
  0x1000,
  0x1000_0000,
  RAM - 1,
  RAM,
  RAM + RAM_BYTES - 1,
  RAM + RAM_BYTES,
  0xffff_ffff,
  2 ** 32,
  2 ** 63,
];
const WORDS = [0, 1, 2, 4, 7, 8, 11, 15, 0x7f, 0x80, 0xff, 0xffff, 0x8000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

export class HostileRandom {
  private state: number;

  constructor(seed: number) {
    this.state = (seed ^ 0x9e37_79b9) >>> 0;
  }

  /** 32 random bits (splitmix). */
  private next(): number {
    this.state = (this.state + 0x9e37_79b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x85eb_ca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2_ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  below(n: number): number {
    return Math.floor((this.next() / 2 ** 32) * n);
  }
  chance(p: number): boolean {
    return this.next() / 2 ** 32 < p;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const rows = Object.entries<number>(weights) as [K, number][];
    let at = (this.next() / 2 ** 32) * rows.reduce((sum, [, weight]) => sum + weight, 0);
    return rows.find(([, weight]) => (at -= weight) < 0)?.[0] ?? rows[0]![0];
  }

  word(): number {
    return this.chance(0.4) ? this.pick(WORDS) : this.chance(0.3) ? this.address() % 2 ** 32 : this.next();
  }
  /** Inside a window, mostly at its beginning, where the registers are. */
  offset(size: number): number {
    return this.below(Math.min(size, this.pick([0x20, 0x100, 0x1000, 0x10_0000, size])));
  }
  address(): number {
    if (this.chance(0.3)) return this.pick(ADDRESSES);
    if (this.chance(0.1)) return this.next() * 2 ** 32 + this.next();
    return RAM + (this.chance(0.5) ? 8 * MIB + this.below(5 * MIB) : this.below(RAM_BYTES));
  }
  length(): number {
    return this.chance(0.7) ? this.pick(LENGTHS) : this.below(8192);
  }
}
