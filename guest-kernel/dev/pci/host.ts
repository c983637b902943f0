/**
 * The generic ECAM host bridge (device tree: pci-host-ecam-generic, IEEE 1275 PCI binding 2.1): which functions are on
 * its first bus, where their registers may lie, which PLIC source their pins drive. Bridges to further buses are left
 * alone.
 */
import { be32, be64 } from "../../lib/fdt";
import { mapDevice } from "../../mm/device-map";
import { PciWindow, assignBars } from "./bars";
import { PciFunction } from "./function";

const DEVICES: u32 = 32;
const FUNCTIONS: u32 = 8;
const FUNCTION_BYTES: u64 = 4096;
const BUS_BYTES: u64 = FUNCTION_BYTES * FUNCTIONS * DEVICES;
const NO_VENDOR: u32 = 0xffff;

/** Cells of a `ranges` entry: PCI address (3), processor address (2), size (2). */
const RANGE_BYTES: u32 = 7 * 4;
const SPACE_SHIFT: u32 = 24;
const SPACE_MASK: u32 = 3;
const SPACE_MEMORY32: u32 = 2;
const SPACE_MEMORY64: u32 = 3;
/** Cells of an `interrupt-map` entry: PCI address (3), pin (1), parent (1), its source (1; a PLIC's). */
const ROUTE_BYTES: u32 = 6 * 4;

/** `interrupt-map`: the PLIC source of pins of devices, both after masking. */
class Route {
  constructor(
    public address: u32,
    public pin: u32,
    public irq: u32,
  ) {}
}

/** Filled from the device tree's node, then asked for its functions. */
@final
export class PciHost {
  private windows: Array<PciWindow> = [];
  private routes: Array<Route> = [];
  private addressMask: u32 = 0;
  private pinMask: u32 = 0;

  private ecamPa: u64 = 0;
  private ecamSize: u64 = 0;

  setEcam(pa: u64, size: u64): void {
    this.ecamPa = pa;
    this.ecamSize = size;
  }

  setRanges(value: usize, len: u32): void {
    for (let i: u32 = 0; i + RANGE_BYTES <= len; i += RANGE_BYTES) {
      const at = value + i;
      const space = (be32(at) >> SPACE_SHIFT) & SPACE_MASK;
      if (space != SPACE_MEMORY32 && space != SPACE_MEMORY64) continue;
      const start = be64(at + 4);
      this.windows.push(new PciWindow(start, be64(at + 20), be64(at + 12) - start, space == SPACE_MEMORY64));
    }
  }

  setInterruptMapMask(value: usize, len: u32): void {
    if (len < 16) return;
    this.addressMask = be32(value);
    this.pinMask = be32(value + 12);
  }

  setInterruptMap(value: usize, len: u32): void {
    for (let i: u32 = 0; i + ROUTE_BYTES <= len; i += ROUTE_BYTES) {
      const at = value + i;
      this.routes.push(new Route(be32(at), be32(at + 12), be32(at + 20)));
    }
  }

  /** Every function, in device and function order, as the firmware left them. */
  scan(): Array<PciFunction> {
    const found = new Array<PciFunction>();
    if (this.ecamSize < BUS_BYTES) return found;
    const ecam = mapDevice(this.ecamPa, BUS_BYTES);
    if (ecam == 0) return found;
    for (let device: u32 = 0; device < DEVICES; device++) {
      for (let fn: u32 = 0; fn < FUNCTIONS; fn++) {
        const f = new PciFunction(ecam + (device * FUNCTIONS + fn) * FUNCTION_BYTES, 0, device, fn);
        if (f.vendorId == NO_VENDOR) {
          if (fn == 0) break;
          continue;
        }
        if (f.isEndpoint) {
          f.irq = this.irqOf(f);
          found.push(f);
        }
        if (fn == 0 && !f.hasMoreFunctions) break;
      }
    }
    return found;
  }

  /** Gives `f` its addresses and switches it on; false, and off, when there is no room for them. */
  start(f: PciFunction): bool {
    f.disable();
    if (!assignBars(f, this.windows)) return false;
    f.enable();
    return true;
  }

  private irqOf(f: PciFunction): u32 {
    const address = ((f.bus << 16) | (f.device << 11) | (f.fn << 8)) & this.addressMask;
    const pin = f.interruptPin & this.pinMask;
    if (pin == 0) return 0;
    for (let i = 0; i < this.routes.length; i++) {
      const r = this.routes[i];
      if (r.address == address && r.pin == pin) return r.irq;
    }
    return 0;
  }
}
