/**
 * The superblock: read, checked, and gated by feature. Every number that later code divides by, shifts by or allocates
 * from is bounded here.
 */
import { Errno } from "../../abi/errno";
import { BlockDevice, SECTOR_SIZE } from "../../dev/block-device";
import { Bytes } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { crc32c } from "./crc32c";
import {
  EXT4_MAGIC,
  GOOD_OLD_FIRST_INO,
  GOOD_OLD_INODE_SIZE,
  INCOMPAT_64BIT,
  INCOMPAT_CSUM_SEED,
  INCOMPAT_EXTENTS,
  INCOMPAT_FILETYPE,
  INCOMPAT_FLEX_BG,
  INCOMPAT_INLINE_DATA,
  INCOMPAT_LARGEDIR,
  INCOMPAT_MMP,
  INCOMPAT_RECOVER,
  RO_COMPAT_BIGALLOC,
  RO_COMPAT_HUGE_FILE,
  RO_COMPAT_METADATA_CSUM,
  SB_BLOCKS_COUNT,
  SB_BLOCKS_COUNT_HI,
  SB_BLOCKS_PER_GROUP,
  SB_CHECKSUM,
  SB_CHECKSUM_SEED,
  SB_CHECKSUM_TYPE,
  SB_DESC_SIZE,
  SB_FEATURE_INCOMPAT,
  SB_FEATURE_RO_COMPAT,
  SB_FIRST_DATA_BLOCK,
  SB_FIRST_INO,
  SB_FREE_BLOCKS,
  SB_FREE_BLOCKS_HI,
  SB_FREE_INODES,
  SB_INODES_COUNT,
  SB_INODES_PER_GROUP,
  SB_INODE_SIZE,
  SB_LOG_BLOCK_SIZE,
  SB_MAGIC,
  SB_OVERHEAD,
  SB_REV_LEVEL,
  SB_R_BLOCKS_COUNT,
  SB_R_BLOCKS_COUNT_HI,
  SB_UUID,
  SUPER_OFFSET,
  SUPER_SIZE,
} from "./layout";
import { le16, le32, le64 } from "./le";
import { Reporter } from "./report";

const SUPPORTED_INCOMPAT: u32 =
  INCOMPAT_FILETYPE |
  INCOMPAT_RECOVER |
  INCOMPAT_EXTENTS |
  INCOMPAT_64BIT |
  INCOMPAT_MMP |
  INCOMPAT_FLEX_BG |
  INCOMPAT_CSUM_SEED |
  INCOMPAT_LARGEDIR |
  INCOMPAT_INLINE_DATA;

@final
export class Super {
  blockSize: i32 = 0;
  blocks: u64 = 0;
  reservedBlocks: u64 = 0;
  freeBlocks: u64 = 0;
  overhead: u64 = 0;
  inodes: u32 = 0;
  freeInodes: u32 = 0;
  firstDataBlock: u32 = 0;
  blocksPerGroup: u32 = 0;
  inodesPerGroup: u32 = 0;
  inodeSize: i32 = 0;
  firstIno: u32 = 0;
  descSize: i32 = 0;
  groups: u64 = 0;
  hasFiletype: bool = false;
  hasHugeFile: bool = false;
  hasChecksums: bool = false;
  needsRecovery: bool = false;
  /** What every metadata checksum starts from. */
  seed: u32 = 0;
  fsid: u64 = 0;

  /** Errors: -EIO, -EINVAL (no ext4, or nothing that this driver can read). */
  load(device: BlockDevice, report: Reporter): Result {
    if (device.sectors * SECTOR_SIZE < SUPER_OFFSET + <u64>SUPER_SIZE) return fail(Errno.EINVAL);
    const sb = Bytes.alloc(SUPER_SIZE);
    const r = device.read(SUPER_OFFSET / SECTOR_SIZE, <u32>SUPER_SIZE / SECTOR_SIZE, sb.ptr);
    if (failed(r)) return r;
    if (le16(sb, SB_MAGIC) != EXT4_MAGIC) return fail(Errno.EINVAL);
    const f = this.features(sb, report);
    return failed(f) ? f : this.geometry(sb, device, report);
  }

  private features(sb: Bytes, report: Reporter): Result {
    const incompat = le32(sb, SB_FEATURE_INCOMPAT);
    const roCompat = le32(sb, SB_FEATURE_RO_COMPAT);
    this.hasChecksums = (roCompat & RO_COMPAT_METADATA_CSUM) != 0;
    if (this.hasChecksums) {
      if (sb[SB_CHECKSUM_TYPE] != 1) return this.refuse(report, "unknown checksum type", sb[SB_CHECKSUM_TYPE]);
      if (crc32c(u32.MAX_VALUE, sb, 0, SB_CHECKSUM) != le32(sb, SB_CHECKSUM)) {
        report.say("superblock checksum does not match; repair it with e2fsck");
        return fail(Errno.EUCLEAN);
      }
    }
    const unknown = incompat & ~SUPPORTED_INCOMPAT;
    if (unknown != 0) return this.refuse(report, "cannot mount because of unsupported features", unknown);
    if ((roCompat & RO_COMPAT_BIGALLOC) != 0)
      return this.refuse(report, "bigalloc is not supported, ro_compat", roCompat);
    this.hasFiletype = (incompat & INCOMPAT_FILETYPE) != 0;
    this.hasHugeFile = (roCompat & RO_COMPAT_HUGE_FILE) != 0;
    this.needsRecovery = (incompat & INCOMPAT_RECOVER) != 0;
    this.descSize = 32;
    if ((incompat & INCOMPAT_64BIT) != 0) {
      this.descSize = <i32>le16(sb, SB_DESC_SIZE);
      if (this.descSize < 64 || this.descSize > 1024 || !isPowerOf2(this.descSize)) {
        return this.refuse(report, "bad group descriptor size", this.descSize);
      }
    }
    this.seed =
      (incompat & INCOMPAT_CSUM_SEED) != 0
        ? le32(sb, SB_CHECKSUM_SEED)
        : crc32c(u32.MAX_VALUE, sb, SB_UUID, SB_UUID + 16);
    this.fsid = le64(sb, SB_UUID) ^ le64(sb, SB_UUID + 8);
    return 0;
  }

  private geometry(sb: Bytes, device: BlockDevice, report: Reporter): Result {
    const log = le32(sb, SB_LOG_BLOCK_SIZE);
    if (log > 2) return this.refuse(report, "block size is not 1, 2 or 4 KiB: log_block_size", log);
    this.blockSize = 1024 << log;
    const is64 = this.descSize >= 64;
    this.blocks = join(sb, SB_BLOCKS_COUNT, SB_BLOCKS_COUNT_HI, is64);
    this.reservedBlocks = join(sb, SB_R_BLOCKS_COUNT, SB_R_BLOCKS_COUNT_HI, is64);
    this.freeBlocks = join(sb, SB_FREE_BLOCKS, SB_FREE_BLOCKS_HI, is64);
    this.overhead = le32(sb, SB_OVERHEAD);
    this.inodes = le32(sb, SB_INODES_COUNT);
    this.freeInodes = le32(sb, SB_FREE_INODES);
    this.firstDataBlock = le32(sb, SB_FIRST_DATA_BLOCK);
    this.blocksPerGroup = le32(sb, SB_BLOCKS_PER_GROUP);
    this.inodesPerGroup = le32(sb, SB_INODES_PER_GROUP);
    const isOld = le32(sb, SB_REV_LEVEL) == 0;
    this.inodeSize = isOld ? GOOD_OLD_INODE_SIZE : <i32>le16(sb, SB_INODE_SIZE);
    this.firstIno = isOld ? GOOD_OLD_FIRST_INO : le32(sb, SB_FIRST_INO);
    if (this.blocks > (device.sectors * SECTOR_SIZE) / this.blockSize) {
      return this.refuse(report, "block count exceeds the size of the device", this.blocks);
    }
    if (this.firstDataBlock != <u32>(log == 0) || this.blocks <= this.firstDataBlock) {
      return this.refuse(report, "bad first data block", this.firstDataBlock);
    }
    if (this.inodeSize < GOOD_OLD_INODE_SIZE || this.inodeSize > this.blockSize || !isPowerOf2(this.inodeSize)) {
      return this.refuse(report, "unsupported inode size", this.inodeSize);
    }
    if (this.blocksPerGroup < 8 || this.blocksPerGroup > <u32>this.blockSize * 8) {
      return this.refuse(report, "bad blocks per group", this.blocksPerGroup);
    }
    const perBlock = <u32>(this.blockSize / this.inodeSize);
    if (this.inodesPerGroup < perBlock || this.inodesPerGroup > <u32>this.blockSize * 8) {
      return this.refuse(report, "bad inodes per group", this.inodesPerGroup);
    }
    this.groups = (this.blocks - this.firstDataBlock + this.blocksPerGroup - 1) / this.blocksPerGroup;
    if (this.groups * this.inodesPerGroup != this.inodes) {
      return this.refuse(report, "inode count does not fit the groups", this.inodes);
    }
    return 0;
  }

  private refuse(report: Reporter, what: string, v: u64): Result {
    report.sayHex(what, v);
    return fail(Errno.EINVAL);
  }

  /** Whether [block, block + count) may hold file or metadata blocks. */
  hasBlocks(block: u64, count: u64): bool {
    return block > this.firstDataBlock && block < this.blocks && count <= this.blocks - block;
  }
}

function join(sb: Bytes, lo: i32, hi: i32, is64: bool): u64 {
  return (<u64>le32(sb, lo)) | (is64 ? (<u64>le32(sb, hi)) << 32 : 0);
}

function isPowerOf2(v: i32): bool {
  return (v & (v - 1)) == 0;
}
