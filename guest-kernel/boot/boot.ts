/** The kernel's entry: one call per line, in boot order. Ends by entering user mode with process 1. */
import { setExternalHandler, SEIP, STIP } from "../hal/irq";
import { klog, klogLine, setConsoleLevel } from "../hal/log";
import { readRtc } from "../hal/rtc";
import { mmio } from "../hal/mmio";
import { csrw_sie } from "../hal/rv";
import { setRealtimeNs, timeInit } from "../hal/time";
import { BytesBuilder } from "../lib/bytes";
import { setCollectStress } from "../mm/collect";
import { setKernelRoot } from "../mm/address-space";
import { framesInit, freeFrames, setReserve, totalFrames } from "../mm/frames";
import { bootHeapEnd, heapInit } from "../mm/heap";
import { kernelMapInit } from "../mm/kernel-map";
import { schedulerInit } from "../proc/scheduler";
import { timerInit } from "../proc/timer";
import { uts } from "../proc/uts";
import { handleExternalInterrupts } from "../dev/irq";
import { plicInit } from "../dev/plic";
import { attachVirtioMmio, attachVirtioPci } from "../dev/virtio/attach";
import { VirtioPci } from "../dev/virtio/pci";
import { consoleInit } from "../tty/console";
import { pageCacheInit } from "../vfs/page-cache";
import { registerDrivers } from "../fs/drivers";
import { setCommandLine } from "../fs/procfs/system";
import { resume } from "../trap/trap";
import { argValue, bootargs, hasArg, setBootargs } from "./bootargs";
import { crash } from "./crash";
import { board, readDeviceTree } from "./device-tree";
import { startInit } from "./init";
import { mountRootFilesystem } from "./root";

export { memorySize, memoryGrow } from "../mm/heap";
export { trapUser, trapKernel } from "../trap/trap";

/** Kernel pointers reach 1 GiB of RAM. */
const MAX_RAM: u64 = 1 << 30;

export function kmain(hartid: u64, dtb: u64): usize {
  readDeviceTree(<usize>dtb);
  setBootargs(board.bootargs);
  timeInit(board.timebaseHz);
  setRealtimeNs(readRtc(board.rtcPa));
  if (hasArg("quiet")) setConsoleLevel(4);
  klogLine(new BytesBuilder().bytes(uts.sysname).text(" version ").bytes(uts.release).text(" ").bytes(uts.version));
  klogLine(new BytesBuilder().text("Machine model: ").bytes(board.model));
  klogLine(new BytesBuilder().text("Kernel command line: ").bytes(bootargs()));
  memoryInit();
  setCollectStress(hasArg("strata.gcstress"));
  schedulerInit();
  timerInit();
  csrw_sie(STIP | SEIP);
  plicInit(mmio(board.plicPa), <u32>hartid);
  setExternalHandler(handleExternalInterrupts);
  consoleInit(mmio(board.uartPa), board.uartIrq);
  for (let i = 0; i < board.virtio.length; i++) attach(board.virtio[i].pa, board.virtio[i].irq);
  attachPci();
  pageCacheInit();
  registerDrivers();
  setCommandLine(bootargs());
  mountRootFilesystem();
  const bug = argValue("strata.crash");
  if (bug != null) crash(bug);
  startInit();
  return resume();
}

function memoryInit(): void {
  const size = min(board.memorySize, MAX_RAM);
  const end = <usize>(board.memoryStart + size);
  framesInit(bootHeapEnd(), end);
  const root = kernelMapInit(end);
  heapInit(root);
  setKernelRoot(root);
  // What the kernel's own heap may still take when programs have taken everything else.
  setReserve(max<u32>(totalFrames() / 32, 128));
  const kib = new BytesBuilder()
    .text("Memory: ")
    .dec(freeFrames() * 4)
    .text("K/")
    .unsigned(size >> 10)
    .text("K available");
  klogLine(kib);
  if (size < board.memorySize) klog("memory beyond the first GiB is not used");
}

function attachPci(): void {
  const host = board.pci;
  if (!host) return;
  const functions = host.scan();
  for (let i = 0; i < functions.length; i++) {
    const f = functions[i];
    if (!VirtioPci.isVirtio(f) || !host.start(f)) continue;
    const found = attachVirtioPci(f);
    if (found.length == 0) continue;
    const at = new BytesBuilder().text("virtio-pci at ").hex(f.bus, 2).text(":").hex(f.device, 2).text(".").dec(f.fn);
    klogLine(at.text(": ").text(found));
  }
}

function attach(pa: u64, irq: u32): void {
  const found = attachVirtioMmio(mmio(pa), irq);
  if (found.length == 0) return;
  klogLine(new BytesBuilder().text("virtio-mmio at 0x").hex(pa, 8).text(": ").text(found));
}
