/** National 16550A UART: received bytes go to a sink by interrupt, sent bytes are written as the FIFO takes them. */
import { ld8, st8 } from "../hal/rv";
import { IrqHandler, registerIrq } from "./irq";

const RBR: u64 = 0;
const THR: u64 = 0;
const IER: u64 = 1;
const FCR: u64 = 2;
const LCR: u64 = 3;
const MCR: u64 = 4;
const LSR: u64 = 5;
const IER_RDA: u32 = 1;
const FCR_ENABLE_CLEAR: u32 = 0x07;
const LCR_8N1: u32 = 0x03;
const MCR_DTR_RTS_OUT2: u32 = 0x0b;
const LSR_DR: u32 = 0x01;
const LSR_THRE: u32 = 0x20;
/** A UART that never empties must not hang the kernel: so many polls, then the byte is lost. */
const SEND_POLLS: i32 = 10_000_000;

/** Who takes received bytes: the terminal. */
export abstract class ByteSink {
  abstract receive(c: u8): void;
  /** All bytes of one interrupt have been given. */
  abstract received(): void;
}

@final
export class Uart extends IrqHandler {
  private sink: ByteSink | null = null;

  constructor(private regs: u64) {
    super();
  }

  /** Starts reception into `sink` by interrupt `irq`. */
  start(irq: u32, sink: ByteSink): void {
    this.sink = sink;
    st8(this.regs + LCR, LCR_8N1);
    st8(this.regs + FCR, FCR_ENABLE_CLEAR);
    st8(this.regs + MCR, MCR_DTR_RTS_OUT2);
    registerIrq(irq, this);
    st8(this.regs + IER, IER_RDA);
  }

  send(c: u8): void {
    for (let i = 0; i < SEND_POLLS; i++) {
      if ((ld8(this.regs + LSR) & LSR_THRE) != 0) {
        st8(this.regs + THR, c);
        return;
      }
    }
  }

  handle(): void {
    const sink = this.sink;
    if (!sink) return;
    while ((ld8(this.regs + LSR) & LSR_DR) != 0) sink.receive(<u8>ld8(this.regs + RBR));
    sink.received();
  }
}
