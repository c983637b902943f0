/** virtio-blk (virtio 1.2, 5.2): one request at a time, polled to its end with a deadline. */
import { Errno } from "../../abi/errno";
import { isDirect, pa, va } from "../../hal/mmio";
import { monotonicNs } from "../../hal/time";
import { ld8, st32, st64, st8 } from "../../hal/rv";
import { Result, fail, failed } from "../../lib/result";
import { PAGE_SIZE, allocFrame } from "../../mm/frames";
import { BlockDevice, SECTOR_SIZE } from "../block-device";
import { makeDev } from "../dev-number";
import { Virtqueue } from "./queue";
import { VirtioTransport } from "./transport";

const F_RO: u32 = 1 << 5;
const F_FLUSH: u32 = 1 << 9;
const T_IN: u32 = 0;
const T_OUT: u32 = 1;
const T_FLUSH: u32 = 4;
const S_OK: u32 = 0;
/** What a lost request reads as. */
const S_NONE: u32 = 0xff;

/** Linux's registered major of virtio disks. */
const MAJOR: u32 = 254;
const MINORS_PER_DISK: u32 = 16;
/** Longer than any host's worst disk; then the request counts as failed. */
const DEADLINE_NS: i64 = 30_000_000_000;
/** Sectors in one request: whole-file reads gain nothing beyond this. */
const MAX_SECTORS: u32 = 256;
const STATUS_OFFSET: usize = 16;

@final
export class VirtioBlk extends BlockDevice {
  /** Set when a request was lost: its buffers may still be written, so the device is not used again. */
  private isDead: bool = false;

  private constructor(
    name: string,
    rdev: u64,
    sectors: u64,
    private device: VirtioTransport,
    private queue: Virtqueue,
    private hasFlush: bool,
    /** One frame: request header and status byte. */
    private request: usize,
    /** One frame for callers whose memory is not physically contiguous. */
    private bounce: usize,
  ) {
    super(name, rdev, sectors);
  }

  /** Starts the `index`-th disk (vda = 0) behind `device`, or returns null. */
  static attach(device: VirtioTransport, index: u32): VirtioBlk | null {
    const features = device.negotiate(F_RO | F_FLUSH);
    const queue = device.queue(0);
    const request = allocFrame();
    const bounce = allocFrame();
    if (!queue || request == 0 || bounce == 0 || !device.start()) return null;
    const sectors = device.config64(0);
    const name = "vd" + String.fromCharCode(0x61 + index);
    const rdev = makeDev(MAJOR, index * MINORS_PER_DISK);
    const disk = new VirtioBlk(name, rdev, sectors, device, queue, (features & F_FLUSH) != 0, request, bounce);
    disk.readOnly = (features & F_RO) != 0;
    return disk;
  }

  read(sector: u64, count: u32, dst: usize): Result {
    return this.transfer(T_IN, sector, count, dst);
  }

  write(sector: u64, count: u32, src: usize): Result {
    if (this.readOnly) return fail(Errno.EROFS);
    return this.transfer(T_OUT, sector, count, src);
  }

  flush(): Result {
    if (!this.hasFlush || this.readOnly) return 0;
    return this.submit(T_FLUSH, 0, 0, 0);
  }

  private transfer(type: u32, sector: u64, count: u32, at: usize): Result {
    if (sector > this.sectors || <u64>count > this.sectors - sector) return fail(Errno.EIO);
    const isContiguous = isDirect(at, <usize>count * SECTOR_SIZE);
    const step = isContiguous ? MAX_SECTORS : <u32>PAGE_SIZE / SECTOR_SIZE;
    while (count > 0) {
      const n = min(count, step);
      const bytes = n * SECTOR_SIZE;
      if (!isContiguous && type == T_OUT) memory.copy(this.bounce, at, bytes);
      const r = this.submit(type, sector, pa(isContiguous ? at : this.bounce), bytes);
      if (failed(r)) return r;
      if (!isContiguous && type == T_IN) memory.copy(at, this.bounce, bytes);
      sector += n;
      count -= n;
      at += bytes;
    }
    return 0;
  }

  private submit(type: u32, sector: u64, data: u64, len: u32): Result {
    if (this.isDead) return fail(Errno.EIO);
    const header = va(this.request);
    const status = header + <u64>STATUS_OFFSET;
    st32(header, type);
    st32(header + 4, 0);
    st64(header + 8, sector);
    st8(status, S_NONE);
    const requestPa = pa(this.request);
    this.queue.offerRequest(requestPa, 16, data, len, type == T_IN, requestPa + <u64>STATUS_OFFSET);
    this.device.notify(0);
    const deadline = monotonicNs() + DEADLINE_NS;
    while (this.queue.take() < 0) {
      if (monotonicNs() > deadline) {
        this.isDead = true;
        return fail(Errno.EIO);
      }
    }
    this.device.acknowledge();
    return ld8(status) == S_OK ? 0 : fail(Errno.EIO);
  }
}
