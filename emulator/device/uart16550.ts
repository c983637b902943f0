/**
 * National 16550A UART, after its data sheet and QEMU `hw/char/serial.c`: 16-byte FIFOs, interrupts in the data sheet's
 * order, loopback. Sent bytes leave at once, so THRE is back before the guest looks; the character time only decides
 * when received bytes below the trigger level time out. Modem lines are tied: DCD, DSR and CTS on.
 */
import type { StateReader, StateWriter } from '../base/state.ts';
import { TIMEBASE_HZ, type Clock, type Timer } from '../bus/clock.ts';
import type { Device, DtNode, IrqLine } from '../bus/device.ts';
import { ByteQueue } from './byte-queue.ts';

/** Offsets; RBR and THR, IIR and FCR share one. With LCR.DLAB, 0 and 1 are the divisor. */
const RBR_THR = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const IER_RDA = 0x01;
const IER_THRE = 0x02;
const IER_RLS = 0x04;
const IER_MODEM = 0x08;

/** Interrupt identification, lowest four bits of IIR. */
const IIR_NONE = 0x01;
const IIR_MODEM = 0x00;
const IIR_THRE = 0x02;
const IIR_RDA = 0x04;
const IIR_RLS = 0x06;
const IIR_TIMEOUT = 0x0c;
const IIR_FIFO_ENABLED = 0xc0;

const FCR_ENABLE = 0x01;
const FCR_CLEAR_RX = 0x02;
const FCR_CLEAR_TX = 0x04;
const FCR_KEPT = 0xc9;
const TRIGGER_LEVELS = [1, 4, 8, 14];

const LCR_DLAB = 0x80;

const MCR_DTR = 0x01;
const MCR_RTS = 0x02;
const MCR_OUTS = 0x0c;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;

const LSR_DR = 0x01;
const LSR_OE = 0x02;
const LSR_BI = 0x10;
const LSR_THRE = 0x20;
const LSR_TEMT = 0x40;
const LSR_ERRORS = 0x1e;

const MSR_TIED = 0xb0;
const MSR_DELTAS = 0x0f;

const FIFO_SIZE = 16;
const CLOCK_HZ = 3_686_400;
/** 9600 baud, as QEMU starts. */
const DIVISOR_AT_RESET = 0x0c;
const TIMEOUT_CHARACTERS = 4;

export class Uart16550 implements Device {
  readonly name = 'serial';
  readonly windowSize = 0x100;
  readonly minWidth = 1;
  readonly maxWidth = 8;
  private readonly timeout: Timer;
  private readonly rx: number[] = [];
  /** What the host has sent and the FIFO has no room for yet. */
  private readonly inbox = new ByteQueue();
  private thr = 0;
  private ier = 0;
  private iir = IIR_NONE;
  private fcr = 0;
  private lcr = 0;
  private mcr = MCR_OUT2;
  private lsr = LSR_THRE | LSR_TEMT;
  private msr = MSR_TIED;
  private scr = 0;
  private divisor = DIVISOR_AT_RESET;
  private isThrPending = false;
  private isTimedOut = false;

  /** @param transmit takes each byte the guest sends */
  constructor(
    private readonly clock: Clock,
    private readonly irq: IrqLine,
    private readonly transmit: (byte: number) => void,
  ) {
    this.timeout = clock.timer(() => {
      if (this.rx.length === 0) return;
      this.isTimedOut = true;
      this.update();
    });
  }

  /** Bytes from the host; nothing is lost, whatever the guest does. */
  receive(bytes: Uint8Array): void {
    this.inbox.push(bytes);
    this.fill();
  }

  read(offset: number): number {
    switch (offset) {
      case RBR_THR:
        return this.lcr & LCR_DLAB ? this.divisor & 0xff : this.readData();
      case IER:
        return this.lcr & LCR_DLAB ? this.divisor >>> 8 : this.ier;
      case IIR_FCR: {
        const value = this.iir;
        if ((value & 0x0f) === IIR_THRE) {
          this.isThrPending = false;
          this.update();
        }
        return value;
      }
      case LCR:
        return this.lcr;
      case MCR:
        return this.mcr;
      case LSR: {
        const value = this.lsr;
        if (value & (LSR_BI | LSR_OE)) {
          this.lsr &= ~(LSR_BI | LSR_OE);
          this.update();
        }
        return value;
      }
      case MSR:
        return this.readModem();
      case SCR:
        return this.scr;
      default:
        return 0;
    }
  }

  /** Registers are bytes: a wider access reaches the first one alone. */
  write(offset: number, _width: number, wide: number): void {
    const value = wide & 0xff;
    switch (offset) {
      case RBR_THR:
        if (this.lcr & LCR_DLAB) this.divisor = (this.divisor & 0xff00) | value;
        else this.send(value);
        break;
      case IER:
        if (this.lcr & LCR_DLAB) this.divisor = (this.divisor & 0xff) | (value << 8);
        else this.setIer(value & 0x0f);
        break;
      case IIR_FCR:
        this.setFcr(value);
        break;
      case LCR:
        this.lcr = value;
        break;
      case MCR:
        this.mcr = value & 0x1f;
        break;
      case SCR:
        this.scr = value;
        break;
      default: // LSR and MSR are read-only, the rest of the window is empty
    }
  }

  read64(offset: number): { lo: number; hi: number } {
    return { lo: this.read(offset), hi: 0 };
  }
  write64(offset: number, lo: number): void {
    this.write(offset, 1, lo);
  }

  /** What the host has sent but the guest not read stays for the machine's next start. */
  reset(): void {
    this.rx.length = 0;
    this.thr = 0;
    this.ier = 0;
    this.iir = IIR_NONE;
    this.fcr = 0;
    this.lcr = 0;
    this.mcr = MCR_OUT2;
    this.lsr = LSR_THRE | LSR_TEMT;
    this.msr = MSR_TIED;
    this.scr = 0;
    this.divisor = DIVISOR_AT_RESET;
    this.isThrPending = false;
    this.isTimedOut = false;
    this.timeout.set(Infinity);
    this.update();
  }

  save(out: StateWriter): void {
    for (const register of [this.thr, this.ier, this.iir, this.fcr, this.lcr, this.mcr, this.lsr, this.msr, this.scr]) {
      out.u8(register);
    }
    out.u16(this.divisor);
    out.bool(this.isThrPending);
    out.bool(this.isTimedOut);
    out.f64(this.timeout.deadline);
    out.bytes(Uint8Array.from(this.rx));
    out.bytes(this.inbox.peekAll());
  }

  load(from: StateReader): void {
    this.thr = from.u8();
    this.ier = from.u8();
    this.iir = from.u8();
    this.fcr = from.u8();
    this.lcr = from.u8();
    this.mcr = from.u8();
    this.lsr = from.u8();
    this.msr = from.u8();
    this.scr = from.u8();
    this.divisor = from.u16();
    this.isThrPending = from.bool();
    this.isTimedOut = from.bool();
    this.timeout.set(from.f64());
    this.rx.splice(0, this.rx.length, ...from.bytes());
    this.inbox.clear();
    this.inbox.push(from.bytes());
    this.update();
  }

  describe(node: DtNode): void {
    node.prop('compatible', 'ns16550a');
    node.prop('clock-frequency', CLOCK_HZ);
  }

  private get isFifo(): boolean {
    return (this.fcr & FCR_ENABLE) !== 0;
  }

  private get triggerLevel(): number {
    return this.isFifo ? TRIGGER_LEVELS[this.fcr >>> 6]! : 1;
  }

  private readData(): number {
    const byte = this.rx.shift() ?? 0;
    this.isTimedOut = false;
    if (this.rx.length === 0) {
      this.lsr &= ~(LSR_DR | LSR_BI);
      this.timeout.set(Infinity);
    } else {
      this.armTimeout();
    }
    this.update();
    this.fill();
    return byte;
  }

  private readModem(): number {
    if (this.mcr & MCR_LOOP) {
      // DTR -> DSR, RTS -> CTS, OUT1 -> RI, OUT2 -> DCD
      return ((this.mcr & MCR_OUTS) << 4) | ((this.mcr & MCR_RTS) << 3) | ((this.mcr & MCR_DTR) << 5);
    }
    const value = this.msr;
    if (value & MSR_DELTAS) {
      this.msr &= ~MSR_DELTAS;
      this.update();
    }
    return value;
  }

  private send(byte: number): void {
    this.thr = byte;
    if (this.mcr & MCR_LOOP) this.takeIn(byte);
    else this.transmit(byte);
    this.lsr |= LSR_THRE | LSR_TEMT;
    this.isThrPending = true;
    this.update();
  }

  private setIer(value: number): void {
    const changed = this.ier ^ value;
    this.ier = value;
    // Enabling the interrupt while the register is empty raises it, even where an earlier one was acknowledged.
    if (changed & IER_THRE) this.isThrPending = (value & IER_THRE) !== 0 && (this.lsr & LSR_THRE) !== 0;
    if (changed) this.update();
  }

  private setFcr(value: number): void {
    const isToggled = ((value ^ this.fcr) & FCR_ENABLE) !== 0;
    if (isToggled || value & FCR_CLEAR_RX) {
      // A driver that only now sets the UART up would lose what was piped in early: for it, that has not arrived yet.
      if (!(this.ier & IER_RDA) && !(this.mcr & MCR_LOOP)) this.inbox.unshift(Uint8Array.from(this.rx));
      this.rx.length = 0;
      this.lsr &= ~(LSR_DR | LSR_BI);
      this.isTimedOut = false;
      this.timeout.set(Infinity);
    }
    if (isToggled || value & FCR_CLEAR_TX) {
      this.lsr |= LSR_THRE;
      this.isThrPending = true;
    }
    this.fcr = value & FCR_KEPT;
    this.iir = this.isFifo ? this.iir | IIR_FIFO_ENABLED : this.iir & ~IIR_FIFO_ENABLED;
    this.update();
    this.fill();
  }

  /** Moves bytes from the host into the FIFO while there is room, as QEMU's back end does: never an overrun. */
  private fill(): void {
    const room = this.isFifo ? FIFO_SIZE : 1;
    if (this.mcr & MCR_LOOP || this.rx.length >= room || this.inbox.length === 0) return;
    while (this.rx.length < room && this.inbox.length > 0) this.rx.push(this.inbox.shift());
    this.lsr |= LSR_DR;
    this.armTimeout();
    this.update();
  }

  /** One byte off the wire, which may find no room. */
  private takeIn(byte: number): void {
    if (this.rx.length >= (this.isFifo ? FIFO_SIZE : 1)) {
      this.lsr |= LSR_OE;
      // The holding register is overwritten, the FIFO keeps what it has.
      if (!this.isFifo) this.rx[0] = byte;
    } else {
      this.rx.push(byte);
    }
    this.lsr |= LSR_DR;
    this.armTimeout();
  }

  private armTimeout(): void {
    if (!this.isFifo) return;
    const bitsPerCharacter = 10;
    const baud = CLOCK_HZ / 16 / Math.max(1, this.divisor);
    const ticks = (TIMEOUT_CHARACTERS * bitsPerCharacter * TIMEBASE_HZ) / baud;
    this.timeout.set(this.clock.now() + Math.ceil(ticks));
  }

  private cause(): number {
    if (this.ier & IER_RLS && this.lsr & LSR_ERRORS) return IIR_RLS;
    if (this.ier & IER_RDA && this.isTimedOut) return IIR_TIMEOUT;
    if (this.ier & IER_RDA && this.rx.length >= this.triggerLevel) return IIR_RDA;
    if (this.ier & IER_THRE && this.isThrPending) return IIR_THRE;
    if (this.ier & IER_MODEM && this.msr & MSR_DELTAS) return IIR_MODEM;
    return IIR_NONE;
  }

  private update(): void {
    const cause = this.cause();
    this.iir = cause | (this.iir & 0xf0);
    this.irq(cause !== IIR_NONE);
  }
}
