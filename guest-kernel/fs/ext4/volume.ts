/** What the parts of the driver share about one mounted device: superblock, metadata cache, inode table lookup. */
import { BlockDevice, SECTOR_SIZE } from "../../dev/block-device";
import { Bytes } from "../../lib/bytes";
import { Result, failed } from "../../lib/result";
import { BlockCache, BlockOut } from "./block-cache";
import { crc32c, crc32cU32, crc32cZeros } from "./crc32c";
import {
  DESC_CHECKSUM,
  DESC_INODE_TABLE,
  DESC_INODE_TABLE_HI,
  I_CHECKSUM_HI,
  I_CHECKSUM_LO,
  I_EXTRA_ISIZE,
  I_GENERATION,
  GOOD_OLD_INODE_SIZE,
  ROOT_INO,
} from "./layout";
import { le16, le32 } from "./le";
import { Reporter } from "./report";
import { Super } from "./super";

const out = new BlockOut();

@final
export class Volume {
  cache: BlockCache;

  constructor(
    public device: BlockDevice,
    public sb: Super,
    public report: Reporter,
  ) {
    this.cache = new BlockCache(device, sb.blockSize);
  }

  /** File data: `count` blocks from `block` to `dst`, past the cache. The caller has checked the range. */
  readData(block: u64, count: u32, dst: usize): Result {
    const perBlock = <u32>this.sb.blockSize / SECTOR_SIZE;
    return this.device.read(block * perBlock, count * perBlock, dst);
  }

  /** A private copy of inode `ino` as it is on disk, its checksum verified. Errors: -EUCLEAN, -EIO. */
  readInode(ino: u32, to: BlockOut): Result {
    const s = this.sb;
    if (ino > s.inodes || (ino < s.firstIno && ino != ROOT_INO)) {
      return this.report.corrupt("inode", ino, "no such number");
    }
    const group = (ino - 1) / s.inodesPerGroup;
    const table = this.inodeTable(group);
    if (failed(table)) return table;
    const at = <u64>((ino - 1) % s.inodesPerGroup) * <u64>s.inodeSize;
    const block = <u64>table + at / s.blockSize;
    if (!s.hasBlocks(block, 1)) return this.report.corrupt("group", group, "inode table leaves the filesystem");
    const r = this.cache.read(block, out);
    if (failed(r)) return r;
    const from = <i32>(at % s.blockSize);
    const raw = out.bytes.slice(from, from + s.inodeSize).clone();
    if (s.hasChecksums && !this.isInodeGood(ino, raw)) {
      return this.report.corrupt("inode", ino, "checksum does not match");
    }
    to.bytes = raw;
    return 0;
  }

  /** First block of the inode table of `group`. */
  private inodeTable(group: u32): Result {
    const s = this.sb;
    const perBlock = <u32>(s.blockSize / s.descSize);
    const block = <u64>s.firstDataBlock + 1 + group / perBlock;
    if (!s.hasBlocks(block, 1)) return this.report.corrupt("group", group, "descriptor lies past the end");
    const r = this.cache.read(block, out);
    if (failed(r)) return r;
    const from = <i32>(group % perBlock) * s.descSize;
    const desc = out.bytes.slice(from, from + s.descSize);
    if (s.hasChecksums) {
      let sum = crc32c(crc32cU32(s.seed, group), desc, 0, DESC_CHECKSUM);
      sum = crc32c(crc32cZeros(sum, 2), desc, DESC_CHECKSUM + 2, s.descSize);
      if ((sum & 0xffff) != le16(desc, DESC_CHECKSUM)) {
        return this.report.corrupt("group", group, "descriptor checksum does not match");
      }
    }
    const high = s.descSize >= 64 ? le32(desc, DESC_INODE_TABLE_HI) : 0;
    return (<i64>(((<u64>high) << 32) | le32(desc, DESC_INODE_TABLE))) & i64.MAX_VALUE;
  }

  private isInodeGood(ino: u32, raw: Bytes): bool {
    const isWide =
      raw.len > GOOD_OLD_INODE_SIZE && <i32>le16(raw, I_EXTRA_ISIZE) >= I_CHECKSUM_HI + 2 - GOOD_OLD_INODE_SIZE;
    let sum = crc32c(this.inodeSeed(ino, raw), raw, 0, I_CHECKSUM_LO);
    sum = crc32cZeros(sum, 2);
    if (isWide) {
      sum = crc32c(sum, raw, I_CHECKSUM_LO + 2, I_CHECKSUM_HI);
      sum = crc32c(crc32cZeros(sum, 2), raw, I_CHECKSUM_HI + 2, raw.len);
      return sum == (le16(raw, I_CHECKSUM_LO) | (le16(raw, I_CHECKSUM_HI) << 16));
    }
    sum = crc32c(sum, raw, I_CHECKSUM_LO + 2, raw.len);
    return (sum & 0xffff) == le16(raw, I_CHECKSUM_LO);
  }

  /** What the checksums of an inode's own blocks start from. */
  inodeSeed(ino: u32, raw: Bytes): u32 {
    return crc32cU32(crc32cU32(this.sb.seed, ino), le32(raw, I_GENERATION));
  }
}
