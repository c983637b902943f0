/**
 * One PCI function's configuration space (PCI Local Bus 3.0, 6.1 and 6.7; ECAM: PCI Express base 7.2.2). What a device
 * says there is not trusted: the capability list ends after as many entries as fit in 256 bytes.
 */
import { ld16, ld32, ld8, st16, st32 } from "../../hal/rv";

const VENDOR_ID: u64 = 0x00;
const DEVICE_ID: u64 = 0x02;
const COMMAND: u64 = 0x04;
const STATUS: u64 = 0x06;
const HEADER_TYPE: u64 = 0x0e;
const BAR: u64 = 0x10;
const SUBSYSTEM_ID: u64 = 0x2e;
const CAPABILITIES: u64 = 0x34;
const INTERRUPT_PIN: u64 = 0x3d;

const COMMAND_MEMORY: u32 = 1 << 1;
const COMMAND_MASTER: u32 = 1 << 2;
const COMMAND_INTX_DISABLE: u32 = 1 << 10;
const STATUS_CAPABILITIES: u32 = 1 << 4;
const HEADER_LAYOUT: u32 = 0x7f;
const HEADER_MULTI_FUNCTION: u32 = 0x80;

/** The list lies between the header and the end of the classic space, four bytes an entry at least. */
const CAPABILITIES_START: u32 = 0x40;
const CONFIG_BYTES: u32 = 0x100;
const MAX_CAPABILITIES: i32 = <i32>((CONFIG_BYTES - CAPABILITIES_START) / 4);

@final
export class PciFunction {
  /** PLIC source of its INTx pin; 0: none. */
  irq: u32 = 0;
  /** Physical start and size of each memory BAR that was assigned; size 0: there is none at this index. */
  barPa: StaticArray<u64> = new StaticArray<u64>(6);
  barSize: StaticArray<u64> = new StaticArray<u64>(6);

  constructor(
    /** Where its configuration space is mapped. */
    private config: u64,
    public bus: u32,
    public device: u32,
    public fn: u32,
  ) {}

  get vendorId(): u32 {
    return ld16(this.config + VENDOR_ID) & 0xffff;
  }
  get deviceId(): u32 {
    return ld16(this.config + DEVICE_ID) & 0xffff;
  }
  get subsystemId(): u32 {
    return ld16(this.config + SUBSYSTEM_ID) & 0xffff;
  }
  /** 1 (INTA) to 4 (INTD), 0: none. */
  get interruptPin(): u32 {
    return ld8(this.config + INTERRUPT_PIN) & 0xff;
  }
  get hasMoreFunctions(): bool {
    return (ld8(this.config + HEADER_TYPE) & HEADER_MULTI_FUNCTION) != 0;
  }
  /** Not a bridge. */
  get isEndpoint(): bool {
    return (ld8(this.config + HEADER_TYPE) & HEADER_LAYOUT) == 0;
  }

  read8(off: u32): u32 {
    return ld8(this.config + off) & 0xff;
  }
  read32(off: u32): u32 {
    return ld32(this.config + off);
  }

  bar(index: u32): u32 {
    return ld32(this.config + BAR + index * 4);
  }
  setBar(index: u32, value: u32): void {
    st32(this.config + BAR + index * 4, value);
  }

  /** Answers no memory access, masters nothing, interrupts nobody. */
  disable(): void {
    st16(this.config + COMMAND, COMMAND_INTX_DISABLE);
  }

  /** Answers at its BARs and reaches our memory; interrupts stay off. */
  enable(): void {
    st16(this.config + COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_DISABLE);
  }

  enableInterrupt(): void {
    st16(this.config + COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
  }

  /** Offsets of the capabilities with this id, in list order. */
  capabilities(id: u32): Array<u32> {
    const found = new Array<u32>();
    if ((ld16(this.config + STATUS) & STATUS_CAPABILITIES) == 0) return found;
    let at = ld8(this.config + CAPABILITIES) & 0xfc;
    for (let i = 0; i < MAX_CAPABILITIES && at >= CAPABILITIES_START; i++) {
      if (this.read8(at) == id) found.push(at);
      at = this.read8(at + 1) & 0xfc;
    }
    return found;
  }
}
