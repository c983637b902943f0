/** Page faults: those that memory cures, inside system calls too, and those that end in a signal. */
import { Nr } from "../../abi/nr";
import { O_CREAT, O_RDWR } from "../../abi/fcntl";
import { Bytes, b } from "../../lib/bytes";
import { close, ftruncate, lseek, open, read, sys, write, writeAll } from "../libc/sys";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  PROT_NONE,
  PROT_READ,
  PROT_RW,
  childReturns,
  map,
  monotonicMs,
  spawn,
  statusOf,
  unmap,
} from "./calls";

const SIGBUS: i32 = 7;
const SIGSEGV: i32 = 11;
const EFAULT: i64 = -14;
const LENGTH: usize = 40_000;

function pattern(i: usize): u8 {
  return <u8>(i * 7 + (i >> 8));
}

/** A file of LENGTH bytes of the pattern, open for reading and writing at its start. */
function patternFile(): i32 {
  const fd = open(b("/tmp/work/pattern"), O_RDWR | O_CREAT, 0o600);
  const bytes = Bytes.alloc(<i32>LENGTH);
  for (let i: usize = 0; i < LENGTH; i++) bytes[<i32>i] = pattern(i);
  writeAll(fd, bytes.ptr, LENGTH);
  lseek(fd, 0, 0);
  return fd;
}

function isPattern(p: usize): bool {
  for (let i: usize = 0; i < LENGTH; i++) if (load<u8>(p + i) != pattern(i)) return false;
  return true;
}

/** The mapping's pages come in while write() already runs, each by a read of the file behind it. */
export function writeFromAbsentPages(): bool {
  const from = patternFile();
  const mapped = map(LENGTH, PROT_READ, MAP_PRIVATE, from);
  const to = open(b("/tmp/work/copy"), O_RDWR | O_CREAT, 0o600);
  const n = write(to, mapped, LENGTH);
  const back = map(LENGTH, PROT_RW, MAP_PRIVATE);
  lseek(to, 0, 0);
  const ok = n == LENGTH && read(to, back, LENGTH) == LENGTH && isPattern(back);
  unmap(mapped, LENGTH);
  unmap(back, LENGTH);
  close(from);
  close(to);
  return ok;
}

export function readIntoAbsentPages(): bool {
  const fd = patternFile();
  const at = map(LENGTH, PROT_RW, MAP_PRIVATE);
  const ok = read(fd, at, LENGTH) == LENGTH && isPattern(at);
  unmap(at, LENGTH);
  close(fd);
  return ok;
}

let shared: usize = 0;
let source: i32 = 0;

/** read() must copy a page that fork left shared, not write through it. */
export function readIntoSharedPages(): bool {
  source = patternFile();
  shared = map(LENGTH, PROT_RW, MAP_PRIVATE);
  memory.fill(shared, 0x55, LENGTH);
  const child = childReturns((): i32 => (read(source, shared, LENGTH) == LENGTH && isPattern(shared) ? 0 : 1), 0);
  let untouched = true;
  for (let i: usize = 0; i < LENGTH; i++) if (load<u8>(shared + i) != 0x55) untouched = false;
  unmap(shared, LENGTH);
  close(source);
  return child && untouched;
}

export function badBufferIsRefused(): bool {
  const fd = patternFile();
  const readOnly = map(4096, PROT_READ, MAP_PRIVATE);
  const ok =
    sys(Nr.read, fd, 16, 100) == EFAULT &&
    sys(Nr.read, fd, 0xffff_ffff_8020_0000, 100) == EFAULT &&
    sys(Nr.read, fd, readOnly, 100) == EFAULT &&
    sys(Nr.write, fd, 0x3f_0000_0000, 100) == EFAULT;
  unmap(readOnly, 4096);
  close(fd);
  return ok;
}

export function storeToCodeKills(): bool {
  const CODE: usize = 0x1_0000;
  return (
    statusOf(
      spawn((): i32 => {
        store<u32>(CODE, 0);
        return 0;
      }),
    ) == SIGSEGV
  );
}

export function pastTheEndIsSigbus(): bool {
  source = open(b("/tmp/work/short"), O_RDWR | O_CREAT, 0o600);
  ftruncate(source, 100);
  shared = map(8192, PROT_READ, MAP_PRIVATE, source);
  const inside = load<u8>(shared + 4000) == 0;
  const status = statusOf(spawn((): i32 => load<u8>(shared + 4096)));
  unmap(shared, 8192);
  close(source);
  return inside && status == SIGBUS;
}

/** Each level keeps its values on the stack while the next one runs. */
function deep(n: i32, a: i64, c: i64): i64 {
  if (n == 0) return a + c;
  return (deep(n - 1, a + 1, c ^ a) * 3) ^ (a + c * n);
}

export function stackGrows(): bool {
  const enough = childReturns((): i32 => (deep(20_000, 1, 2) != 0 ? 0 : 1), 0);
  const tooMuch = statusOf(spawn((): i32 => (deep(2_000_000, 1, 2) != 0 ? 0 : 1)));
  return enough && tooMuch == SIGSEGV;
}

export function protectionTakesEffect(): bool {
  shared = map(4096, PROT_RW, MAP_PRIVATE);
  store<u32>(shared, 42);
  sys(Nr.mprotect, shared, 4096, PROT_NONE);
  const hidden = statusOf(spawn((): i32 => load<i32>(shared))) == SIGSEGV;
  sys(Nr.mprotect, shared, 4096, PROT_READ);
  const kept = load<u32>(shared) == 42;
  const readOnly =
    statusOf(
      spawn((): i32 => {
        store<u32>(shared, 1);
        return 0;
      }),
    ) == SIGSEGV;
  unmap(shared, 4096);
  const gone = statusOf(spawn((): i32 => load<i32>(shared))) == SIGSEGV;
  return hidden && kept && readOnly && gone;
}

/** Moving 64 GiB of reserved addresses costs what is present in them: nothing. Page by page it took minutes. */
export function reservationMovesAtOnce(): bool {
  const MREMAP_MAYMOVE: u64 = 1;
  const length: u64 = 64 << 30;
  const NORESERVE: u64 = 0x4000;
  const at = <u64>sys(Nr.mmap, 0, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | NORESERVE, -1, 0);
  if (<i64>at < 0) return false;
  // A neighbour right behind it, so that growing means moving.
  const neighbour = sys(Nr.mmap, at + length, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  const start = monotonicMs();
  const moved = sys(Nr.mremap, at, length, length + 4096, MREMAP_MAYMOVE);
  const took = monotonicMs() - start;
  sys(Nr.munmap, moved, length + 4096);
  sys(Nr.munmap, neighbour, 4096);
  return moved > 0 && <u64>moved != at && took < 1000;
}
