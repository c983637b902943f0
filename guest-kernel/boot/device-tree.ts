/** What the kernel takes from the board's device tree. Copies it all: the tree's memory is given to the page allocator. */
import { FdtVisitor, be32, be64, beginsWith, isText, walkFdt } from "../lib/fdt";
import { Bytes } from "../lib/bytes";
import { PciHost } from "../dev/pci/host";
import { addEntropy } from "../proc/random";

/** One virtio-mmio transport, as the tree lists it. */
@final
export class MmioSlot {
  constructor(
    public pa: u64,
    public irq: u32,
  ) {}
}

/** #address-cells and #size-cells are 2 throughout QEMU's virt board and ours. */
@final
class Board extends FdtVisitor {
  memoryStart: u64 = 0;
  memorySize: u64 = 0;
  timebaseHz: u64 = 0;
  bootargs: Bytes = Bytes.alloc(0);
  model: Bytes = Bytes.alloc(0);
  /** RISC-V ISA string of the first hart, for /proc/cpuinfo. */
  isa: Bytes = Bytes.alloc(0);
  mmuType: Bytes = Bytes.alloc(0);
  harts: i32 = 0;
  initrdStart: u64 = 0;
  initrdEnd: u64 = 0;
  uartPa: u64 = 0;
  uartIrq: u32 = 0;
  plicPa: u64 = 0;
  rtcPa: u64 = 0;
  /** In the tree's order: disks are named after it. */
  virtio: Array<MmioSlot> = [];

  /** The first one, or null. */
  pci: PciHost | null = null;

  private pa: u64 = 0;
  private size: u64 = 0;
  private irq: u32 = 0;
  /** What the host bridge's node has told so far; its properties come in any order. */
  private bridge: PciHost = new PciHost();

  property(depth: i32, node: usize, name: usize, value: usize, len: u32): void {
    if (depth == 0 && isText(name, "model")) this.model = text(value, len);
    if (isText(name, "reg") && len >= 16) {
      this.pa = be64(value);
      this.size = be64(value + 8);
    }
    if (isText(name, "interrupts") && len >= 4) this.irq = be32(value);
    if (beginsWith(node, "memory@") && isText(name, "reg") && len >= 16 && this.memorySize == 0) {
      this.memoryStart = be64(value);
      this.memorySize = be64(value + 8);
    }
    if (isText(node, "cpus") && isText(name, "timebase-frequency")) this.timebaseHz = be32(value);
    if (beginsWith(node, "cpu@")) {
      if (isText(name, "reg")) this.harts++;
      if (isText(name, "riscv,isa") && this.isa.len == 0) this.isa = text(value, len);
      if (isText(name, "mmu-type") && this.mmuType.len == 0) this.mmuType = text(value, len);
    }
    if (beginsWith(node, "pci@") && this.pci == null) this.bridgeProperty(name, value, len);
    if (isText(node, "chosen")) this.chosen(name, value, len);
  }

  private bridgeProperty(name: usize, value: usize, len: u32): void {
    if (isText(name, "ranges")) this.bridge.setRanges(value, len);
    if (isText(name, "interrupt-map-mask")) this.bridge.setInterruptMapMask(value, len);
    if (isText(name, "interrupt-map")) this.bridge.setInterruptMap(value, len);
  }

  private chosen(name: usize, value: usize, len: u32): void {
    if (isText(name, "bootargs")) this.bootargs = text(value, len);
    if (isText(name, "rng-seed")) addEntropy(value, <i32>len);
    if (isText(name, "linux,initrd-start")) this.initrdStart = len == 8 ? be64(value) : be32(value);
    if (isText(name, "linux,initrd-end")) this.initrdEnd = len == 8 ? be64(value) : be32(value);
  }

  endNode(_depth: i32, node: usize): void {
    if (beginsWith(node, "virtio_mmio@")) this.virtio.push(new MmioSlot(this.pa, this.irq));
    if ((beginsWith(node, "serial@") || beginsWith(node, "uart@")) && this.uartPa == 0) {
      this.uartPa = this.pa;
      this.uartIrq = this.irq;
    }
    if (beginsWith(node, "plic@") || beginsWith(node, "interrupt-controller@c")) this.plicPa = this.pa;
    if (beginsWith(node, "rtc@")) this.rtcPa = this.pa;
    if (beginsWith(node, "pci@") && this.pci == null) {
      this.bridge.setEcam(this.pa, this.size);
      this.pci = this.bridge;
    }
  }
}

/** Without the trailing NUL. */
function text(value: usize, len: u32): Bytes {
  return Bytes.copyOf(value, <i32>len - (len > 0 && load<u8>(value + len - 1) == 0 ? 1 : 0));
}

export const board = new Board();

/** Reads the tree at kernel pointer `dtb`. */
export function readDeviceTree(dtb: usize): void {
  walkFdt(dtb, board);
}
