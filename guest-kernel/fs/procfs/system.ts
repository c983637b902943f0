/** /proc's files about the machine as a whole, proc(5); formats as procps and busybox parse them. A row per file. */
import { blockDevices } from "../../dev/block-device";
import { charDevices } from "../../dev/char-device";
import { majorOf, minorOf } from "../../dev/dev-number";
import { monotonicNs, realtimeNs } from "../../hal/time";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { Result } from "../../lib/result";
import { freeFrames, totalFrames } from "../../mm/frames";
import { heapFrames } from "../../mm/heap";
import { readyCount } from "../../proc/scheduler";
import { current } from "../../proc/task";
import { allTasks, newestPid } from "../../proc/task-table";
import { uts } from "../../proc/uts";
import { idleDentries, liveDentries } from "../../vfs/dentry";
import { liveFiles } from "../../vfs/file";
import { filesystemTypes } from "../../vfs/filesystem-type";
import { liveMounts } from "../../vfs/mount";
import { cachedPages } from "../../vfs/page-cache";
import { livePipes } from "../../vfs/pipe";
import { liveInodes } from "../../vfs/refs";
import { ProcDir } from "./nodes";

const NS_PER_S: i64 = 1_000_000_000;
const NS_PER_TICK: i64 = 10_000_000;

let commandLine: Bytes = Bytes.alloc(0);

/** boot tells what the kernel was started with. */
export function setCommandLine(text: Bytes): void {
  commandLine = text;
}

export function addSystemFiles(root: ProcDir): void {
  root.addText("cmdline", (out: BytesBuilder): Result => {
    out.bytes(commandLine).byte(0x0a);
    return 0;
  });
  root.addText("cpuinfo", cpuinfo);
  root.addText("devices", devices);
  root.addText("filesystems", filesystems);
  root.addText("loadavg", loadavg);
  root.addText("meminfo", meminfo);
  root.addText("partitions", partitions);
  root.addText("stat", stat);
  root.addText("strata", strata);
  root.addText("swaps", (out: BytesBuilder): Result => {
    out.text("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
  });
  root.addText("uptime", uptime);
  root.addText("version", (out: BytesBuilder): Result => {
    out.bytes(uts.sysname).text(" version ").bytes(uts.release).byte(0x20).bytes(uts.version).byte(0x0a);
    return 0;
  });
  root.addLink("mounts", (out: BytesBuilder): Result => {
    out.text("self/mounts");
    return 0;
  });
  root.addLink("self", (out: BytesBuilder): Result => {
    out.dec(current().pid);
    return 0;
  });
  root.addLink("thread-self", (out: BytesBuilder): Result => {
    out.dec(current().pid).text("/task/").dec(current().pid);
    return 0;
  });
}

function cpuinfo(out: BytesBuilder): Result {
  out.text(
    "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc_zicntr_zicsr_zifencei\nmmu\t\t: sv39\nuarch\t\t: strata\n\n",
  );
  return 0;
}

function devices(out: BytesBuilder): Result {
  out.text("Character devices:\n");
  const chars = charDevices();
  for (let i = 0; i < chars.length; i++) deviceRow(out, majorOf(chars[i].rdev), chars[i].name);
  out.text("\nBlock devices:\n");
  const blocks = blockDevices();
  for (let i = 0; i < blocks.length; i++) {
    if (i == 0 || majorOf(blocks[i].rdev) != majorOf(blocks[i - 1].rdev))
      deviceRow(out, majorOf(blocks[i].rdev), "virtblk");
  }
  return 0;
}

function deviceRow(out: BytesBuilder, major: u32, name: string): void {
  out.unsigned(major, 3).byte(0x20).text(name).byte(0x0a);
}

function filesystems(out: BytesBuilder): Result {
  const types = filesystemTypes();
  for (let i = 0; i < types.length; i++) {
    out
      .text(types[i].needsDevice ? "" : "nodev")
      .byte(0x09)
      .text(types[i].name)
      .byte(0x0a);
  }
  return 0;
}

/** No averages are kept: what runs at the moment stands for all three. */
function loadavg(out: BytesBuilder): Result {
  out
    .text("0.00 0.00 0.00 ")
    .dec(readyCount() + 1)
    .byte(0x2f)
    .dec(allTasks().length)
    .byte(0x20)
    .dec(newestPid())
    .byte(0x0a);
  return 0;
}

function memoryRow(out: BytesBuilder, name: string, pages: u64): void {
  out.text(name).byte(0x3a);
  for (let i = name.length; i < 15; i++) out.byte(0x20);
  out.unsigned(pages * 4, 8).text(" kB\n");
}

function meminfo(out: BytesBuilder): Result {
  const cached = cachedPages();
  memoryRow(out, "MemTotal", totalFrames());
  memoryRow(out, "MemFree", freeFrames());
  memoryRow(out, "MemAvailable", <u64>freeFrames() + cached);
  memoryRow(out, "Buffers", 0);
  memoryRow(out, "Cached", cached);
  memoryRow(out, "SwapCached", 0);
  memoryRow(out, "Active", 0);
  memoryRow(out, "Inactive", 0);
  memoryRow(out, "SwapTotal", 0);
  memoryRow(out, "SwapFree", 0);
  memoryRow(out, "Dirty", 0);
  memoryRow(out, "Writeback", 0);
  memoryRow(out, "Shmem", 0);
  memoryRow(out, "Slab", 0);
  memoryRow(out, "SReclaimable", 0);
  return 0;
}

function partitions(out: BytesBuilder): Result {
  out.text("major minor  #blocks  name\n\n");
  const all = blockDevices();
  for (let i = 0; i < all.length; i++) {
    const d = all[i];
    out
      .unsigned(majorOf(d.rdev), 4)
      .unsigned(minorOf(d.rdev), 8)
      .unsigned(d.sectors / 2, 11);
    out.byte(0x20).text(d.name).byte(0x0a);
  }
  return 0;
}

/** User, nice, system, idle … in ticks of a hundredth of a second. */
function stat(out: BytesBuilder): Result {
  const tasks = allTasks();
  let user: i64 = 0;
  let system: i64 = 0;
  for (let i = 0; i < tasks.length; i++) {
    const t = tasks[i];
    user += t.userNs + t.childUserNs;
    system += t.systemNs + t.childSystemNs;
  }
  const idle = max<i64>(monotonicNs() - user - system, 0) / NS_PER_TICK;
  for (let i = 0; i < 2; i++) {
    out
      .text(i == 0 ? "cpu  " : "cpu0 ")
      .dec(user / NS_PER_TICK)
      .text(" 0 ")
      .dec(system / NS_PER_TICK);
    out.byte(0x20).dec(idle).text(" 0 0 0 0 0 0\n");
  }
  out.text("intr 0\nctxt 0\nbtime ").dec((realtimeNs() - monotonicNs()) / NS_PER_S);
  out
    .text("\nprocesses ")
    .dec(newestPid())
    .text("\nprocs_running ")
    .dec(readyCount() + 1)
    .text("\nprocs_blocked 0\n");
  return 0;
}

/**
 * Live objects, so that a test can see that nothing is left behind. The heap of managed objects keeps what it has grown
 * to: its frames are not counted.
 */
function strata(out: BytesBuilder): Result {
  counter(out, "frames_held", totalFrames() - freeFrames() - heapFrames());
  counter(out, "pages_cached", cachedPages());
  counter(out, "inodes", liveInodes());
  counter(out, "dentries", liveDentries());
  counter(out, "dentries_idle", idleDentries());
  counter(out, "files", liveFiles());
  counter(out, "pipes", livePipes());
  counter(out, "mounts", liveMounts());
  counter(out, "tasks", allTasks().length);
  return 0;
}

function counter(out: BytesBuilder, name: string, n: u64): void {
  out.text(name).byte(0x20).unsigned(n).byte(0x0a);
}

function uptime(out: BytesBuilder): Result {
  const tasks = allTasks();
  let busy: i64 = 0;
  for (let i = 0; i < tasks.length; i++) busy += tasks[i].userNs + tasks[i].systemNs;
  hundredths(out, monotonicNs());
  out.byte(0x20);
  hundredths(out, max<i64>(monotonicNs() - busy, 0));
  out.byte(0x0a);
  return 0;
}

function hundredths(out: BytesBuilder, ns: i64): void {
  out
    .dec(ns / NS_PER_S)
    .byte(0x2e)
    .dec((ns % NS_PER_S) / NS_PER_TICK, 2, 0x30);
}
