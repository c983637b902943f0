/** Everything is finite: who asks for too much gets an error or is killed, and what it had comes back. */
import { Nr } from "../../abi/nr";
import { O_CREAT, O_WRONLY } from "../../abi/fcntl";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { SIGKILL } from "../libc/signal";
import { close, exit, fork, kill, open, sys, unlink, write } from "../libc/sys";
import { MAP_PRIVATE, PROT_RW, freeMemory, map, pid, sleepMs, spawn, statusOf } from "./calls";

const ENOMEM: i64 = -12;
const EAGAIN: i64 = -11;
const ENOSPC: i64 = -28;
/** What a storm may leave behind: kernel heap that has grown keeps its frames for next time. */
const SLACK: u64 = 4 << 20;
const HUGE: u64 = 512 << 20;
const MAX_CHILDREN: i32 = 5000;

function isBack(before: u64): bool {
  sleepMs(20);
  const now = freeMemory();
  return now + SLACK >= before;
}

export function memoryHogDies(): bool {
  const before = freeMemory();
  const status = statusOf(
    spawn((): i32 => {
      // Piece by piece: one mapping larger than the machine would be refused.
      for (let taken: u64 = 0; taken < HUGE; taken += 1 << 20) {
        const p = map(1 << 20, PROT_RW, MAP_PRIVATE);
        if (<i32>p < 0 && <i32>p > -4096) return 2;
        for (let at = p; at < p + (1 << 20); at += 4096) store<u32>(at, 1);
      }
      return 0;
    }),
  );
  return (status == SIGKILL || status == 2 << 8) && isBack(before);
}

const children = new StaticArray<i32>(MAX_CHILDREN);

/** The first storm may leave the kernel's heap larger; a second one finds room in it. */
export function forkStorm(): bool {
  const first = oneForkStorm();
  const before = freeMemory();
  return first && oneForkStorm() && isBack(before);
}

function oneForkStorm(): bool {
  let n = 0;
  let last: i64 = 0;
  while (n < MAX_CHILDREN) {
    last = fork();
    if (last == 0) {
      while (true) sleepMs(1_000_000);
    }
    if (last < 0) break;
    children[n++] = <i32>last;
  }
  let ended = 0;
  for (let i = 0; i < n; i++) kill(children[i], SIGKILL);
  for (let i = 0; i < n; i++) if (statusOf(children[i]) == SIGKILL) ended++;
  return n > 100 && (last == ENOMEM || last == EAGAIN) && ended == n;
}

function nameOf(i: i32): Bytes {
  return new BytesBuilder().text("/tmp/work/storm").dec(i).take();
}

/** In a child: its heap grows too. */
export function fileStorm(): bool {
  const before = freeMemory();
  const status = statusOf(
    spawn((): i32 => {
      const page = Bytes.alloc(16384);
      let r: i64 = 0;
      let n = 0;
      while (r >= 0 && n < 100_000) {
        const fd = open(nameOf(n), O_WRONLY | O_CREAT, 0o600);
        if (fd < 0) {
          r = fd;
          break;
        }
        n++;
        r = write(fd, page.ptr, 16384);
        close(fd);
      }
      for (let i = 0; i < n; i++) if (unlink(nameOf(i)) != 0) exit(3);
      return r == ENOMEM || r == ENOSPC ? 0 : 4;
    }),
  );
  unlink(b("/tmp/work/pattern"));
  unlink(b("/tmp/work/copy"));
  return status == 0 && isBack(before) && sys(Nr.getpid) == pid();
}
