/** /proc/sys: settings, a row each. What cannot be changed here is shown with the value that is in force. */
import { Errno } from "../../abi/errno";
import { powerOffStatus, setPowerOffStatus } from "../../hal/finisher";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";
import { fillRandom } from "../../proc/random";
import { HOST_NAME_MAX, uts } from "../../proc/uts";
import { pruneAllDentries } from "../../vfs/dentry";
import { liveFiles } from "../../vfs/file";
import { reclaimPages } from "../../vfs/page-cache";
import { ProcDir } from "./nodes";

let bootId: Bytes = Bytes.alloc(0);

export function addSysctls(root: ProcDir): void {
  const sys = root.addDir("sys");
  addKernel(sys.addDir("kernel"));
  const vm = sys.addDir("vm");
  vm.addSetting("drop_caches", (out: BytesBuilder): Result => line(out, "0"), dropCaches, 0o200);
  vm.addText("overcommit_memory", (out: BytesBuilder): Result => line(out, "1"));
  vm.addText("max_map_count", (out: BytesBuilder): Result => line(out, "65530"));
  vm.addText("mmap_min_addr", (out: BytesBuilder): Result => line(out, "65536"));
  const fs = sys.addDir("fs");
  fs.addText("file-max", (out: BytesBuilder): Result => line(out, "1048576"));
  fs.addText("nr_open", (out: BytesBuilder): Result => line(out, "4096"));
  fs.addText("pipe-max-size", (out: BytesBuilder): Result => line(out, "65536"));
  fs.addText("file-nr", (out: BytesBuilder): Result => {
    out.dec(liveFiles()).text("\t0\t1048576\n");
    return 0;
  });
}

function addKernel(kernel: ProcDir): void {
  kernel.addText("ostype", (out: BytesBuilder): Result => bytes(out, uts.sysname));
  kernel.addText("osrelease", (out: BytesBuilder): Result => bytes(out, uts.release));
  kernel.addText("version", (out: BytesBuilder): Result => bytes(out, uts.version));
  kernel.addSetting("hostname", (out: BytesBuilder): Result => bytes(out, uts.nodename), setHostname);
  kernel.addSetting(
    "exit_status",
    (out: BytesBuilder): Result => line(out, powerOffStatus().toString()),
    setExitStatus,
  );
  kernel.addSetting("domainname", (out: BytesBuilder): Result => bytes(out, uts.domainname), setDomainname);
  kernel.addText("pid_max", (out: BytesBuilder): Result => line(out, "32768"));
  kernel.addText("threads-max", (out: BytesBuilder): Result => line(out, "4096"));
  kernel.addText("ngroups_max", (out: BytesBuilder): Result => line(out, "65536"));
  kernel.addText("cap_last_cap", (out: BytesBuilder): Result => line(out, "40"));
  kernel.addText("overflowuid", (out: BytesBuilder): Result => line(out, "65534"));
  kernel.addText("overflowgid", (out: BytesBuilder): Result => line(out, "65534"));
  kernel.addText("tainted", (out: BytesBuilder): Result => line(out, "0"));
  const random = kernel.addDir("random");
  random.addText("boot_id", (out: BytesBuilder): Result => {
    if (bootId.len == 0) bootId = uuid();
    return bytes(out, bootId);
  });
  random.addText("uuid", (out: BytesBuilder): Result => bytes(out, uuid()));
  random.addText("entropy_avail", (out: BytesBuilder): Result => line(out, "256"));
  random.addText("poolsize", (out: BytesBuilder): Result => line(out, "256"));
}

function line(out: BytesBuilder, text: string): Result {
  out.text(text).byte(0x0a);
  return 0;
}

function bytes(out: BytesBuilder, text: Bytes): Result {
  out.bytes(text).byte(0x0a);
  return 0;
}

/** A random UUID, RFC 4122 version 4. */
function uuid(): Bytes {
  const raw = Bytes.alloc(16);
  fillRandom(raw.ptr, raw.len);
  raw[6] = (raw[6] & 0x0f) | 0x40;
  raw[8] = (raw[8] & 0x3f) | 0x80;
  const out = new BytesBuilder();
  for (let i = 0; i < raw.len; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.byte(0x2d);
    out.hex(raw[i], 2);
  }
  return out.take();
}

/** Up to the first newline. */
function firstLine(text: Bytes): Bytes {
  const end = text.indexOf(0x0a);
  return text.slice(0, end < 0 ? text.len : end);
}

function setHostname(text: Bytes): Result {
  const name = firstLine(text);
  if (name.len > HOST_NAME_MAX) return fail(Errno.EINVAL);
  uts.nodename = name.clone();
  return 0;
}

function setDomainname(text: Bytes): Result {
  const name = firstLine(text);
  if (name.len > HOST_NAME_MAX) return fail(Errno.EINVAL);
  uts.domainname = name.clone();
  return 0;
}

/** Ours, Linux has none: what the machine ends with when it is powered off. 0 to 255. */
function setExitStatus(text: Bytes): Result {
  const digits = firstLine(text);
  let n: u32 = 0;
  for (let i = 0; i < digits.len; i++) {
    const d = <u32>digits[i] - 0x30;
    if (d > 9) return fail(Errno.EINVAL);
    n = n * 10 + d;
    if (n > 255) return fail(Errno.EINVAL);
  }
  if (digits.len == 0) return fail(Errno.EINVAL);
  setPowerOffStatus(n);
  return 0;
}

/** 1: page cache, 2: dentries and inodes, 3: both. */
function dropCaches(text: Bytes): Result {
  const what = firstLine(text);
  if (what.len != 1 || what[0] < 0x31 || what[0] > 0x33) return fail(Errno.EINVAL);
  if ((what[0] & 2) != 0) pruneAllDentries(null);
  if ((what[0] & 1) != 0) reclaimPages(u32.MAX_VALUE);
  return 0;
}
