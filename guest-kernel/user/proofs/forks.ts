/** fork, copy-on-write, wait4. */
import { Nr } from "../../abi/nr";
import { SIGKILL } from "../libc/signal";
import { exit, kill, sys } from "../libc/sys";
import {
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_RW,
  board,
  childReturns,
  map,
  pid,
  sleepMs,
  spawn,
  statusOf,
  unmap,
} from "./calls";

const PAGES: usize = 64;
const SIZE: usize = PAGES * 4096;
let area: usize = 0;

function fillWith(v: u32): void {
  for (let p = area; p < area + SIZE; p += 4096) store<u32>(p, v + <u32>p);
}

function holds(v: u32): bool {
  for (let p = area; p < area + SIZE; p += 4096) if (load<u32>(p) != v + <u32>p) return false;
  return true;
}

export function childWritesAreItsOwn(): bool {
  area = map(SIZE, PROT_RW, MAP_PRIVATE);
  fillWith(1);
  const child = childReturns((): i32 => {
    if (!holds(1)) return 1;
    fillWith(2);
    // A grandchild shares with both.
    if (
      !childReturns((): i32 => {
        fillWith(3);
        return holds(3) ? 0 : 1;
      }, 0)
    )
      return 2;
    return holds(2) ? 0 : 3;
  }, 0);
  return child && holds(1);
}

export function parentWritesAreItsOwn(): bool {
  fillWith(1);
  store<u32>(board, 0);
  const child = spawn((): i32 => {
    while (load<u32>(board) == 0) sys(Nr.sched_yield);
    return holds(1) ? 0 : 1;
  });
  fillWith(5);
  store<u32>(board, 1);
  const ok = statusOf(child) == 0 && holds(5);
  return unmap(area, SIZE) == 0 && ok;
}

export function sharedMappingIsShared(): bool {
  area = map(SIZE, PROT_RW, MAP_SHARED);
  const child = childReturns((): i32 => {
    fillWith(9);
    return 0;
  }, 0);
  const ok = child && holds(9);
  return unmap(area, SIZE) == 0 && ok;
}

export function waitTellsHow(): bool {
  if (!childReturns((): i32 => 77, 77)) return false;
  const sleeper = spawn((): i32 => {
    sleepMs(10_000);
    return 0;
  });
  sleepMs(5);
  kill(sleeper, SIGKILL);
  if (statusOf(sleeper) != SIGKILL) return false;
  return sys(Nr.wait4, <u64>-1, 0, 0, 0) == -10;
}

export function orphansGoToInit(): bool {
  const middle = spawn((): i32 => {
    const orphan = spawn((): i32 => {
      sleepMs(20);
      exit(<i32>sys(Nr.getppid) == 1 ? 0 : 1);
      return 0;
    });
    store<i32>(board, orphan);
    return 0;
  });
  if (statusOf(middle) != 0 || pid() != 1) return false;
  return statusOf(load<i32>(board)) == 0;
}
