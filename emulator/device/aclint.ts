/**
 * ACLINT in the SiFive CLINT layout: MSWI (msip) at 0, MTIMER (mtimecmp) at 0x4000, mtime at 0xbff8. RISC-V ACLINT
 * specification 1.0, sections 2 and 3; as QEMU's `virt` has it. mtime is the clock plus an offset that M-mode may write.
 */
import { highWord, joinWords } from '../base/bytes.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Clock, Timer } from '../bus/clock.ts';
import type { Device, DtNode, IrqLine, Width } from '../bus/device.ts';

const MTIMECMP = 0x4000;
const MTIME = 0xbff8;

/** One hart's wires. */
export interface AclintLines {
  readonly msip: IrqLine;
  readonly mtip: IrqLine;
}

class HartTimer {
  msip = false;
  /** The 64-bit register in two halves; values above 2^53 are as good as never. */
  lo = 0xffff_ffff;
  hi = 0xffff_ffff;

  constructor(
    readonly lines: AclintLines,
    readonly timer: Timer,
  ) {}
}

export class Aclint implements Device {
  readonly name = 'clint';
  readonly windowSize = 0x10000;
  readonly minWidth = 4;
  readonly maxWidth = 8;
  private readonly harts: HartTimer[];
  /** What M-mode's writes added to the clock. */
  private offset = 0;

  constructor(
    private readonly clock: Clock,
    lines: readonly AclintLines[],
  ) {
    this.harts = lines.map(hartLines => {
      const timer: Timer = clock.timer(() => hartLines.mtip(true));
      return new HartTimer(hartLines, timer);
    });
  }

  /** The value of mtime, and so of the time CSR. */
  mtime(): number {
    return this.clock.now() + this.offset;
  }

  /** The clock tick at which mtime reaches `value`. */
  clockTick(value: number): number {
    return value - this.offset;
  }

  /** Called after M-mode moved mtime: other comparators against it plan again. */
  onMtimeWritten: () => void = () => {};

  read(offset: number, width: Width): number {
    if (width !== 4) return 0;
    if (offset < MTIMECMP) return this.harts[offset >>> 2]?.msip ? 1 : 0;
    if (offset === MTIME) return this.mtime() >>> 0;
    if (offset === MTIME + 4) return highWord(this.mtime());
    const hart = this.harts[(offset - MTIMECMP) >>> 3];
    if (!hart) return 0;
    return offset & 4 ? hart.hi : hart.lo;
  }

  write(offset: number, _width: Width, value: number): void {
    if (offset < MTIMECMP) {
      const hart = this.harts[offset >>> 2];
      if (!hart) return;
      hart.msip = (value & 1) !== 0;
      hart.lines.msip(hart.msip);
    } else if (offset === MTIME) {
      this.setMtime(joinWords(value, highWord(this.mtime())));
    } else if (offset === MTIME + 4) {
      this.setMtime(joinWords(this.mtime() >>> 0, value));
    } else {
      const hart = this.harts[(offset - MTIMECMP) >>> 3];
      if (!hart) return;
      if (offset & 4) hart.hi = value;
      else hart.lo = value;
      this.compare(hart);
    }
  }

  /** One reading of mtime, so that its halves belong together. */
  read64(offset: number): { lo: number; hi: number } {
    if (offset === MTIME) {
      const now = this.mtime();
      return { lo: now >>> 0, hi: highWord(now) };
    }
    return { lo: this.read(offset, 4), hi: this.read(offset + 4, 4) };
  }

  /** Both halves of mtimecmp at once: no spurious interrupt between them. */
  write64(offset: number, lo: number, hi: number): void {
    const hart = this.harts[(offset - MTIMECMP) >>> 3];
    if (offset === MTIME) {
      this.setMtime(joinWords(lo, hi));
    } else if (offset >= MTIMECMP && hart) {
      hart.lo = lo;
      hart.hi = hi;
      this.compare(hart);
    } else {
      this.write(offset, 4, lo);
      this.write(offset + 4, 4, hi);
    }
  }

  /** Registers keep no value that a reset must preserve, mtime starts anew with the clock. */
  reset(): void {
    this.offset = 0;
    for (const hart of this.harts) {
      hart.msip = false;
      hart.lo = 0xffff_ffff;
      hart.hi = 0xffff_ffff;
      hart.lines.msip(false);
      this.compare(hart);
    }
  }

  save(out: StateWriter): void {
    out.f64(this.offset);
    for (const hart of this.harts) {
      out.bool(hart.msip);
      out.u32(hart.lo);
      out.u32(hart.hi);
    }
  }

  load(from: StateReader): void {
    this.offset = from.f64();
    for (const hart of this.harts) {
      hart.msip = from.bool();
      hart.lo = from.u32();
      hart.hi = from.u32();
      hart.lines.msip(hart.msip);
      this.compare(hart);
    }
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'sifive,clint0', 'riscv,clint0');
  }

  private setMtime(value: number): void {
    this.offset += value - this.mtime();
    for (const hart of this.harts) this.compare(hart);
    this.onMtimeWritten();
  }

  private compare(hart: HartTimer): void {
    const deadline = this.clockTick(joinWords(hart.lo, hart.hi));
    const isDue = deadline <= this.clock.now();
    hart.lines.mtip(isDue);
    // 2^53 ticks are 28 years.
    hart.timer.set(isDue || deadline > Number.MAX_SAFE_INTEGER ? Infinity : deadline);
  }
}
