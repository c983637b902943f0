/**
 * Platform-level interrupt controller, RISC-V PLIC specification 1.0, with QEMU virt's 96 sources and 7 priorities. Two
 * contexts for each hart: machine, then supervisor. The gateways are QEMU 7.2's (hw/intc/sifive_plic.c): a device that
 * sets its line high, be it high already, makes the source pending; one that sets it low, or a claim, takes that back.
 * Completing it looks at no line. So a driver that leaves a cause standing (xv6 never reads the UART's IIR) hears of it
 * once, where a gateway that looks at levels would interrupt for ever.
 */
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Device, DtNode, GuestErrorLog, IrqLine, Width } from '../bus/device.ts';

const SOURCES = 96;
const WORDS = (SOURCES + 32) >>> 5;
const PRIORITY_MASK = 7;

const PENDING = 0x1000;
const ENABLE = 0x2000;
const ENABLE_STRIDE = 0x80;
const CONTEXT = 0x20_0000;
const CONTEXT_STRIDE = 0x1000;
const THRESHOLD = 0;
const CLAIM = 4;

class Context {
  readonly enable = new Uint32Array(WORDS);
  threshold = 0;

  constructor(readonly line: IrqLine) {}
}

export class Plic implements Device {
  readonly name = 'plic';
  readonly windowSize = 0x60_0000;
  readonly minWidth = 4;
  readonly maxWidth = 4;
  readonly stateVersion = 2;
  private readonly priority = new Uint8Array(SOURCES + 1);
  private readonly pending = new Uint32Array(WORDS);
  private readonly claimed = new Uint32Array(WORDS);
  private readonly contexts: Context[];

  /** @param lines the external interrupt wire of each context: hart 0 machine, hart 0 supervisor, hart 1 machine, … */
  constructor(
    lines: readonly IrqLine[],
    private readonly guestError: GuestErrorLog,
  ) {
    this.contexts = lines.map(line => new Context(line));
  }

  /** The wire a device drives, each call an event; 1 <= source <= 96. */
  line(source: number): IrqLine {
    const word = source >>> 5;
    const bit = 1 << (source & 31);
    return isHigh => {
      const before = this.pending[word]!;
      const after = isHigh ? before | bit : before & ~bit;
      if (before >>> 0 === after >>> 0) return;
      this.pending[word] = after;
      this.update();
    };
  }

  read(offset: number, _width: Width): number {
    if (offset < PENDING) return this.priority[offset >>> 2] ?? 0;
    if (offset < ENABLE) return this.pending[(offset - PENDING) >>> 2] ?? 0;
    if (offset < CONTEXT) return this.contexts[this.enableContext(offset)]?.enable[this.enableWord(offset)] ?? 0;
    const context = this.contexts[Math.floor((offset - CONTEXT) / CONTEXT_STRIDE)];
    if (!context) return 0;
    switch ((offset - CONTEXT) % CONTEXT_STRIDE) {
      case THRESHOLD:
        return context.threshold;
      case CLAIM:
        return this.claim(context);
      default:
        return 0;
    }
  }

  write(offset: number, _width: Width, value: number): void {
    if (offset < PENDING) {
      const source = offset >>> 2;
      if (source >= 1 && source <= SOURCES) this.priority[source] = value & PRIORITY_MASK;
    } else if (offset < ENABLE) {
      this.guestError(`plic: write to the read-only pending register ${(offset - PENDING) >>> 2}`);
    } else if (offset < CONTEXT) {
      const context = this.contexts[this.enableContext(offset)];
      const word = this.enableWord(offset);
      // Source 0 does not exist.
      if (context && word < WORDS) context.enable[word] = word === 0 ? value & ~1 : value;
    } else {
      const context = this.contexts[Math.floor((offset - CONTEXT) / CONTEXT_STRIDE)];
      const register = (offset - CONTEXT) % CONTEXT_STRIDE;
      if (context && register === THRESHOLD) context.threshold = value & PRIORITY_MASK;
      else if (context && register === CLAIM) this.complete(value);
    }
    this.update();
  }

  reset(): void {
    this.priority.fill(0);
    this.pending.fill(0);
    this.claimed.fill(0);
    for (const context of this.contexts) {
      context.enable.fill(0);
      context.threshold = 0;
    }
    this.update();
  }

  save(out: StateWriter): void {
    out.bytes(this.priority);
    for (const words of [this.pending, this.claimed]) words.forEach(word => out.u32(word));
    for (const context of this.contexts) {
      context.enable.forEach(word => out.u32(word));
      out.u32(context.threshold);
    }
  }

  /** After the devices: what they say of their lines while they load is no event. */
  load(from: StateReader): void {
    this.priority.set(from.bytes());
    for (const words of [this.pending, this.claimed]) for (let i = 0; i < WORDS; i++) words[i] = from.u32();
    for (const context of this.contexts) {
      for (let i = 0; i < WORDS; i++) context.enable[i] = from.u32();
      context.threshold = from.u32();
    }
    this.update();
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'sifive,plic-1.0.0', 'riscv,plic0');
    node.prop('interrupt-controller');
    node.prop('#interrupt-cells', 1);
    node.prop('#address-cells', 0);
    node.prop('riscv,ndev', SOURCES);
  }

  private enableContext(offset: number): number {
    return Math.floor((offset - ENABLE) / ENABLE_STRIDE);
  }
  private enableWord(offset: number): number {
    return ((offset - ENABLE) % ENABLE_STRIDE) >>> 2;
  }

  /** The source a claim would give: highest priority above the threshold, lowest number among equals; 0 for none. */
  private best(context: Context): number {
    let best = 0;
    let bestPriority = context.threshold;
    for (let word = 0; word < WORDS; word++) {
      let candidates = this.pending[word]! & ~this.claimed[word]! & context.enable[word]!;
      while (candidates !== 0) {
        const bit = 31 - Math.clz32(candidates & -candidates);
        candidates &= candidates - 1;
        const source = word * 32 + bit;
        if (this.priority[source]! > bestPriority) {
          best = source;
          bestPriority = this.priority[source]!;
        }
      }
    }
    return best;
  }

  private claim(context: Context): number {
    const source = this.best(context);
    if (source !== 0) {
      this.claimed[source >>> 5]! |= 1 << (source & 31);
      this.pending[source >>> 5]! &= ~(1 << (source & 31));
      this.update();
    }
    return source;
  }

  private complete(source: number): void {
    if (source <= SOURCES) this.claimed[source >>> 5]! &= ~(1 << (source & 31));
  }

  private update(): void {
    for (const context of this.contexts) context.line(this.best(context) !== 0);
  }
}
