/**
 * Metadata blocks of one device, least recently used out. A block's bytes stay valid over at least SLOTS - 1 further
 * misses, which is more than any caller here makes while it holds one. File data never comes here.
 */
import { BlockDevice, SECTOR_SIZE } from "../../dev/block-device";
import { Bytes } from "../../lib/bytes";
import { Result, failed } from "../../lib/result";

const SLOTS: i32 = 64;
const NONE: u64 = u64.MAX_VALUE;

/** Receives a block; valid only when the Result is 0. */
export class BlockOut {
  bytes: Bytes = Bytes.alloc(0);
}

@final
export class BlockCache {
  private blocks: StaticArray<u64> = new StaticArray<u64>(SLOTS);
  private used: StaticArray<u64> = new StaticArray<u64>(SLOTS);
  private data: Array<Bytes | null> = new Array<Bytes | null>(SLOTS);
  /** One more than the seed with which the slot's block was found good since it was read; 0: not verified. */
  private good: StaticArray<u64> = new StaticArray<u64>(SLOTS);
  private clock: u64 = 0;
  private recent: i32 = 0;

  constructor(
    private device: BlockDevice,
    private blockSize: i32,
  ) {
    for (let i = 0; i < SLOTS; i++) this.blocks[i] = NONE;
  }

  /** The caller has checked that `block` is on the filesystem. Errors: -EIO. */
  read(block: u64, out: BlockOut): Result {
    let slot = this.recent;
    if (this.blocks[slot] != block) slot = this.find(block);
    if (this.blocks[slot] != block) {
      let bytes = this.data[slot];
      if (bytes == null) {
        bytes = Bytes.alloc(this.blockSize);
        this.data[slot] = bytes;
      }
      this.blocks[slot] = NONE;
      const perBlock = <u32>this.blockSize / SECTOR_SIZE;
      const r = this.device.read(block * perBlock, perBlock, bytes.ptr);
      if (failed(r)) return r;
      this.blocks[slot] = block;
      this.good[slot] = 0;
    }
    this.used[slot] = ++this.clock;
    this.recent = slot;
    out.bytes = this.data[slot]!;
    return 0;
  }

  /** Whether the block that was read last is verified already: a checksum is worth computing once for each owner. */
  isVerified(seed: u32): bool {
    return this.good[this.recent] == <u64>seed + 1;
  }

  setVerified(seed: u32): void {
    this.good[this.recent] = <u64>seed + 1;
  }

  /** The slot that holds `block`, or else the one to replace. */
  private find(block: u64): i32 {
    let oldest = 0;
    for (let i = 0; i < SLOTS; i++) {
      if (this.blocks[i] == block) return i;
      if (this.used[i] < this.used[oldest]) oldest = i;
    }
    return oldest;
  }
}
