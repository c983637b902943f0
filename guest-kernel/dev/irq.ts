/** Interrupt handlers by PLIC source; who takes an interrupt asks here (trap from user mode, idle). */
import { plicClaim, plicComplete, plicEnable } from "./plic";

export abstract class IrqHandler {
  /** Silences the device and wakes who waits. Runs between two instructions of user code or idle: may not park. */
  abstract handle(): void;
}

/** By source; PCI functions share theirs. */
const handlers = new Array<Array<IrqHandler>>();

/** Routes source `irq` (1–127) to `h`, too, and enables it. */
export function registerIrq(irq: u32, h: IrqHandler): void {
  while (<u32>handlers.length <= irq) handlers.push([]);
  handlers[irq].push(h);
  plicEnable(irq);
}

/** Serves everything pending at the PLIC. */
export function handleExternalInterrupts(): void {
  for (let irq = plicClaim(); irq != 0; irq = plicClaim()) {
    if (irq < <u32>handlers.length) {
      const all = handlers[irq];
      for (let i = 0; i < all.length; i++) all[i].handle();
    }
    plicComplete(irq);
  }
}
