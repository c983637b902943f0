/** Long kernel loops call checkpoint() at least each 1 MiB of work: the timer and the devices get their turn. */
import { pollInterrupts } from "../hal/irq";
import { hasFatalSignal } from "./signal";
import { currentOrNull } from "./task";

/** True: go on. False: a signal is about to end the task; stop where the state is consistent and return -EINTR. */
export function checkpoint(): bool {
  pollInterrupts();
  const t = currentOrNull();
  return t == null || !hasFatalSignal(t);
}
