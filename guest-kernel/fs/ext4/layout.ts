/**
 * Numbers of ext4's on-disk format: Linux Documentation/filesystems/ext4/ (superblock, group descriptors, inodes,
 * extents, directory entries, extended attributes). Offsets are bytes from the start of the structure.
 */

export const SUPER_OFFSET: u64 = 1024;
export const SUPER_SIZE: i32 = 1024;
export const EXT4_MAGIC: u32 = 0xef53;

export const SB_INODES_COUNT: i32 = 0x0;
export const SB_BLOCKS_COUNT: i32 = 0x4;
export const SB_R_BLOCKS_COUNT: i32 = 0x8;
export const SB_FREE_BLOCKS: i32 = 0xc;
export const SB_FREE_INODES: i32 = 0x10;
export const SB_FIRST_DATA_BLOCK: i32 = 0x14;
export const SB_LOG_BLOCK_SIZE: i32 = 0x18;
export const SB_BLOCKS_PER_GROUP: i32 = 0x20;
export const SB_INODES_PER_GROUP: i32 = 0x28;
export const SB_MAGIC: i32 = 0x38;
export const SB_STATE: i32 = 0x3a;
export const SB_REV_LEVEL: i32 = 0x4c;
export const SB_FIRST_INO: i32 = 0x54;
export const SB_INODE_SIZE: i32 = 0x58;
export const SB_FEATURE_INCOMPAT: i32 = 0x60;
export const SB_FEATURE_RO_COMPAT: i32 = 0x64;
export const SB_UUID: i32 = 0x68;
export const SB_DESC_SIZE: i32 = 0xfe;
export const SB_BLOCKS_COUNT_HI: i32 = 0x150;
export const SB_R_BLOCKS_COUNT_HI: i32 = 0x154;
export const SB_FREE_BLOCKS_HI: i32 = 0x158;
export const SB_CHECKSUM_TYPE: i32 = 0x175;
export const SB_OVERHEAD: i32 = 0x248;
export const SB_CHECKSUM_SEED: i32 = 0x270;
export const SB_CHECKSUM: i32 = 0x3fc;

export const INCOMPAT_FILETYPE: u32 = 0x2;
export const INCOMPAT_RECOVER: u32 = 0x4;
export const INCOMPAT_EXTENTS: u32 = 0x40;
export const INCOMPAT_64BIT: u32 = 0x80;
export const INCOMPAT_MMP: u32 = 0x100;
export const INCOMPAT_FLEX_BG: u32 = 0x200;
export const INCOMPAT_CSUM_SEED: u32 = 0x2000;
export const INCOMPAT_LARGEDIR: u32 = 0x4000;
export const INCOMPAT_INLINE_DATA: u32 = 0x8000;

export const RO_COMPAT_HUGE_FILE: u32 = 0x8;
export const RO_COMPAT_METADATA_CSUM: u32 = 0x400;
export const RO_COMPAT_BIGALLOC: u32 = 0x200;

export const DESC_INODE_TABLE: i32 = 0x8;
export const DESC_CHECKSUM: i32 = 0x1e;
export const DESC_INODE_TABLE_HI: i32 = 0x28;

export const ROOT_INO: u32 = 2;
export const GOOD_OLD_INODE_SIZE: i32 = 128;
export const GOOD_OLD_FIRST_INO: u32 = 11;

export const I_MODE: i32 = 0x0;
export const I_UID: i32 = 0x2;
export const I_SIZE: i32 = 0x4;
export const I_ATIME: i32 = 0x8;
export const I_CTIME: i32 = 0xc;
export const I_MTIME: i32 = 0x10;
export const I_GID: i32 = 0x18;
export const I_LINKS: i32 = 0x1a;
export const I_BLOCKS: i32 = 0x1c;
export const I_FLAGS: i32 = 0x20;
export const I_BLOCK: i32 = 0x28;
export const I_BLOCK_SIZE: i32 = 60;
export const I_GENERATION: i32 = 0x64;
export const I_FILE_ACL: i32 = 0x68;
export const I_SIZE_HIGH: i32 = 0x6c;
export const I_BLOCKS_HIGH: i32 = 0x74;
export const I_FILE_ACL_HIGH: i32 = 0x76;
export const I_UID_HIGH: i32 = 0x78;
export const I_GID_HIGH: i32 = 0x7a;
export const I_CHECKSUM_LO: i32 = 0x7c;
export const I_EXTRA_ISIZE: i32 = 0x80;
export const I_CHECKSUM_HI: i32 = 0x82;
export const I_CTIME_EXTRA: i32 = 0x84;
export const I_MTIME_EXTRA: i32 = 0x88;
export const I_ATIME_EXTRA: i32 = 0x8c;
export const I_CRTIME: i32 = 0x90;
export const I_CRTIME_EXTRA: i32 = 0x94;

export const FL_INDEX: u32 = 0x1000;
export const FL_HUGE_FILE: u32 = 0x40000;
export const FL_EXTENTS: u32 = 0x80000;
export const FL_INLINE_DATA: u32 = 0x10000000;

export const EXTENT_MAGIC: u32 = 0xf30a;
/** Linux's own limit: five levels cover any file. */
export const EXTENT_MAX_DEPTH: u32 = 5;
/** A longer length marks an extent that is allocated but not written: it reads as zeros. */
export const EXTENT_MAX_WRITTEN: u32 = 32768;

export const DIRENT_HEADER: i32 = 8;
/** The checksum tail of a directory block looks like an unused entry with this file type. */
export const DIRENT_TAIL_TYPE: u32 = 0xde;
export const DIRENT_TAIL_SIZE: i32 = 12;

export const XATTR_MAGIC: u32 = 0xea020000;
export const XATTR_BLOCK_HEADER: i32 = 32;
export const XATTR_ENTRY_HEADER: i32 = 16;
