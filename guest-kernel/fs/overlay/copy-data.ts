/** The content of a file being copied up: data only, holes stay holes (D13), interruptible each MiB (D16). */
import { Errno } from "../../abi/errno";
import { Result, fail, failed } from "../../lib/result";
import { PAGE_SIZE, allocFrameRaw, putFrame } from "../../mm/frames";
import { KernelBuf } from "../../mm/io-buf";
import { checkpoint } from "../../proc/checkpoint";
import { readAt, writeAt } from "../../vfs/file-io";
import { ATTR_SIZE, Inode, SetAttr } from "../../vfs/inode";

const CHECKPOINT_EVERY: i64 = 1 << 20;

/** Copies the first `keep` bytes. Errors: -ENOMEM, -EINTR, what the layers return. */
export function copyData(from: Inode, to: Inode, keep: i64): Result {
  const source = from.data();
  const size = min(source.size, keep);
  if (size == 0) return 0;
  const frame = allocFrameRaw();
  if (frame == 0) return fail(Errno.ENOMEM);
  let r = copyRuns(source, to, size, new KernelBuf(frame, PAGE_SIZE));
  putFrame(frame);
  if (!failed(r) && to.size < size) {
    const a = new SetAttr();
    a.mask = ATTR_SIZE;
    a.size = size;
    r = to.setattr(a);
  }
  return r;
}

/** Goes from one run of data to the next. */
function copyRuns(from: Inode, to: Inode, size: i64, buf: KernelBuf): Result {
  let at: i64 = 0;
  let nextCheck = CHECKPOINT_EVERY;
  while (at < size) {
    const start = from.seekData(at, false);
    if (start == fail(Errno.ENXIO)) return 0;
    if (failed(start)) return start;
    const end = from.seekData(start, true);
    if (failed(end)) return end;
    for (at = max(at, start); at < min(end, size);) {
      const n = min(min(end, size) - at, <i64>PAGE_SIZE - (at & (<i64>PAGE_SIZE - 1)));
      const r = copyPiece(from, to, at, <u64>n, buf);
      if (failed(r)) return r;
      at += n;
      if (at < nextCheck) continue;
      nextCheck = at + CHECKPOINT_EVERY;
      if (!checkpoint()) return fail(Errno.EINTR);
    }
    if (end <= start) return fail(Errno.EIO);
    at = max(at, end);
  }
  return 0;
}

/** `n` bytes at `at`, within one page. */
function copyPiece(from: Inode, to: Inode, at: i64, n: u64, buf: KernelBuf): Result {
  const r = readAt(from, at, buf, 0, n);
  if (failed(r)) return r;
  if (<u64>r != n) return fail(Errno.EIO);
  const w = writeAt(to, at, buf, 0, n);
  if (failed(w)) return w;
  return <u64>w == n ? 0 : fail(Errno.ENOSPC);
}
