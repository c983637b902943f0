/** futex(2), the two operations that everything is made of: WAIT and WAKE, keyed by the frame and offset of the word. */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";
import { AddressSpace } from "../mm/address-space";
import { PAGE_SIZE } from "../mm/frames";
import { expired, parkUntil } from "./park";
import { current } from "./task";
import { WaitQueue } from "./wait-queue";

@final
class FutexQueue {
  queue: WaitQueue = new WaitQueue();
  constructor(public key: usize) {}
}

const queues = new Array<FutexQueue>();

/** Kernel address of the word, or 0: -EFAULT. */
function keyOf(space: AddressSpace, addr: u64): usize {
  const inPage = <usize>(addr & (PAGE_SIZE - 1));
  const frame = space.pageFor(addr - inPage, false);
  return frame == 0 ? 0 : frame + inPage;
}

/** Sleeps while the word is `expected`. Errors: -EINVAL, -EFAULT, -EAGAIN, -ETIMEDOUT. */
export function futexWait(addr: u64, expected: u32, deadline: i64): Result {
  if ((addr & 3) != 0) return fail(Errno.EINVAL);
  const t = current();
  // Woken by FUTEX_WAKE: success, whatever the word says now.
  if (t.progress.stage == 1 && t.wasWoken) return 0;
  t.progress.stage = 1;
  const key = keyOf(t.space, addr);
  if (key == 0) return fail(Errno.EFAULT);
  if (expired(deadline)) return fail(Errno.ETIMEDOUT);
  if (load<u32>(key) != expected) return fail(Errno.EAGAIN);
  return parkUntil(queueOf(key).queue, deadline);
}

/** Wakes at most `n` sleepers; returns how many. Errors: -EINVAL, -EFAULT. */
export function futexWake(space: AddressSpace, addr: u64, n: i32): Result {
  if ((addr & 3) != 0) return fail(Errno.EINVAL);
  const key = keyOf(space, addr);
  if (key == 0) return fail(Errno.EFAULT);
  for (let i = 0; i < queues.length; i++) {
    if (queues[i].key != key) continue;
    const woken = queues[i].queue.wake(n);
    if (queues[i].queue.isEmpty) queues.splice(i, 1);
    return woken;
  }
  return 0;
}

function queueOf(key: usize): FutexQueue {
  let at = -1;
  for (let i = queues.length - 1; i >= 0; i--) {
    if (queues[i].key == key) at = i;
    else if (queues[i].queue.isEmpty) {
      queues.splice(i, 1);
      if (at >= 0) at--;
    }
  }
  if (at >= 0) return queues[at];
  const made = new FutexQueue(key);
  queues.push(made);
  return made;
}
