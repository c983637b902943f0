/** What pci.test.ts drives: a host bridge, its functions, and the transport of one of them. The test plays the hardware. */
import { framesInit, allocFrame } from "../../mm/frames";
import { deviceMapInit } from "../../mm/device-map";
import { readPte, walk } from "../../mm/page-table";
import { PciFunction } from "../pci/function";
import { PciHost } from "../pci/host";
import { VirtioPci } from "./pci";

const ARENA: usize = 256 * 4096;
const arena: usize = memory.data(1048576, 4096);
const cells: usize = memory.data(1024, 8);
framesInit(arena, arena + ARENA);

let root: usize = 0;
let host: PciHost = new PciHost();
let functions: Array<PciFunction> = [];
let transport: VirtioPci | null = null;

/** Where the test writes big-endian cells for the calls below. */
export function cellsAt(): usize {
  return cells;
}
export function begin(ecamPa: u64, ecamSize: u64): void {
  framesInit(arena, arena + ARENA);
  root = allocFrame();
  memory.fill(root, 0, 4096);
  deviceMapInit(root);
  host = new PciHost();
  host.setEcam(ecamPa, ecamSize);
}
export function setRanges(bytes: u32): void {
  host.setRanges(cells, bytes);
}
export function setInterruptMap(bytes: u32): void {
  host.setInterruptMap(cells, bytes);
}
export function setInterruptMapMask(bytes: u32): void {
  host.setInterruptMapMask(cells, bytes);
}
export function scan(): i32 {
  functions = host.scan();
  return functions.length;
}
/** Device and function number, then the interrupt: 0xddfii. */
export function at(i: i32): u32 {
  const f = functions[i];
  return (f.device << 12) | (f.fn << 8) | f.irq;
}
export function isVirtio(i: i32): bool {
  return VirtioPci.isVirtio(functions[i]);
}
export function startFunction(i: i32): bool {
  return host.start(functions[i]);
}
export function barPa(i: i32, bar: i32): u64 {
  return functions[i].barPa[bar];
}
export function barSize(i: i32, bar: i32): u64 {
  return functions[i].barSize[bar];
}
export function probe(i: i32): bool {
  transport = VirtioPci.probe(functions[i]);
  return transport != null;
}
export function deviceId(): u32 {
  return transport!.deviceId;
}
/** Everything a driver does before its first request, on the probed device. */
export function bringUp(): bool {
  const t = transport!;
  t.negotiate(0xffff_ffff);
  const q = t.queue(0);
  if (!q || !t.start()) return false;
  t.config64(0);
  q.offer(0x1000, 16, true);
  t.notify(0);
  t.acknowledge();
  return true;
}
/** The physical address behind a mapped one, or all ones. */
export function physical(va: u64): u64 {
  const pte = walk(root, va, false);
  if (pte == 0) return u64.MAX_VALUE;
  const e = readPte(pte);
  return (e & 1) == 0 ? u64.MAX_VALUE : ((e >> 10) << 12) | (va & 4095);
}
