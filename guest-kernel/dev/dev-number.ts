/** Device numbers in the encoding that user space sees (Linux new_encode_dev): also what every rdev field holds. */

export function makeDev(major: u32, minor: u32): u64 {
  return ((<u64>minor) & 0xff) | ((<u64>major) << 8) | (((<u64>minor) & ~0xff) << 12);
}

export function majorOf(dev: u64): u32 {
  return <u32>((dev >> 8) & 0xfff);
}

export function minorOf(dev: u64): u32 {
  return <u32>((dev & 0xff) | ((dev >> 12) & 0xfff00));
}
