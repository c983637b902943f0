/** Interrupt handlers by PLIC source; who takes an interrupt asks here (trap from user mode, idle). */
import { plicClaim, plicComplete, plicEnable } from "./plic";

export abstract class IrqHandler {
  /** Silences the device and wakes who waits. Runs between two instructions of user code or idle: may not park. */
  abstract handle(): void;
}

const handlers = new Array<IrqHandler | null>();

/** Routes source `irq` (1–127) to `h` and enables it. */
export function registerIrq(irq: u32, h: IrqHandler): void {
  while (<u32>handlers.length <= irq) handlers.push(null);
  handlers[irq] = h;
  plicEnable(irq);
}

/** Serves everything pending at the PLIC. */
export function handleExternalInterrupts(): void {
  for (let irq = plicClaim(); irq != 0; irq = plicClaim()) {
    const h = irq < <u32>handlers.length ? handlers[irq] : null;
    if (h) h.handle();
    plicComplete(irq);
  }
}
