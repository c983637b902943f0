/** Little-endian numbers of a byte slice; out of range traps, so callers check lengths that came from the disk first. */
import { Bytes } from "../../lib/bytes";

export function le16(b: Bytes, off: i32): u32 {
  return (<u32>b[off]) | ((<u32>b[off + 1]) << 8);
}

export function le32(b: Bytes, off: i32): u32 {
  return le16(b, off) | (le16(b, off + 2) << 16);
}

export function le64(b: Bytes, off: i32): u64 {
  return (<u64>le32(b, off)) | ((<u64>le32(b, off + 4)) << 32);
}

export function putLe32(b: Bytes, off: i32, v: u32): void {
  b[off] = <u8>v;
  b[off + 1] = <u8>(v >> 8);
  b[off + 2] = <u8>(v >> 16);
  b[off + 3] = <u8>(v >> 24);
}
