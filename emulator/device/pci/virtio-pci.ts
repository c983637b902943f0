/**
 * virtio over PCI (virtio 1.2, section 4.1), the function: ids, capabilities, BARs, interrupts. The modern registers are in
 * BAR 4 and, unless it is modern only, the legacy ones in I/O BAR 0. Layout, ids and defaults are QEMU 7.2's, so that one
 * guest sees one board.
 */
import { concatBytes, viewOf } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import type { GuestErrorLog, Width } from '../../bus/device.ts';
import type { Ram } from '../../bus/ram.ts';
import { VirtioTransport } from '../virtio/transport.ts';
import type { VirtioDevice } from '../virtio/virtio-device.ts';
import { COMMAND, COMMAND_MASTER, PciFunction } from './function.ts';
import { CONTROL_ENABLE, CONTROL_FUNCTION_MASK, Msix, MSIX_BAR_BYTES, MSIX_CAP } from './msix.ts';
import { LegacyRegisters, legacyBarBytes } from './virtio-pci-legacy.ts';
import {
  COMMON,
  DEVICE,
  ISR,
  MODERN_BYTES,
  ModernRegisters,
  NOTIFY,
  NOTIFY_OFF_MULTIPLIER,
  REGION_BYTES,
} from './virtio-pci-modern.ts';
import { VirtioPciState } from './virtio-pci-state.ts';

const VENDOR = 0x1af4;
const MODERN_ID_BASE = 0x1040;
const MODERN_SUBSYSTEM = 0x1100;

interface Kind {
  readonly transitional: number;
  readonly classCode: number;
  /** Of MSI-X. */
  readonly vectors: number;
}

/** By virtio device id: the transitional PCI device id and the class (virtio 1.2, 4.1.2.1; QEMU's classes). */
const KINDS: Readonly<Record<number, Kind>> = {
  1: { transitional: 0x1000, classCode: 0x02_0000, vectors: 4 },
  2: { transitional: 0x1001, classCode: 0x01_0000, vectors: 2 },
  3: { transitional: 0x1003, classCode: 0x07_8000, vectors: 2 },
  4: { transitional: 0x1005, classCode: 0x00_ff00, vectors: 2 },
};

const CAP_VENDOR = 0x09;
const VIRTIO_PCI_CAP_COMMON_CFG = 1;
const VIRTIO_PCI_CAP_NOTIFY_CFG = 2;
const VIRTIO_PCI_CAP_ISR_CFG = 3;
const VIRTIO_PCI_CAP_DEVICE_CFG = 4;
const VIRTIO_PCI_CAP_PCI_CFG = 5;

const LEGACY_BAR = 0;
const MSIX_BAR = 1;
const MODERN_BAR = 4;

/** Where the capabilities stand in configuration space. */
const COMMON_CAP = 0x40;
const ISR_CAP = 0x50;
const DEVICE_CAP = 0x60;
const NOTIFY_CAP = 0x70;
const PCI_CFG_CAP = 0x84;
const MSIX_CAP_AT = 0x98;
const MSIX_CONTROL = MSIX_CAP_AT + 2;
/** Fields of a virtio capability, from its start. */
const CAP_BAR = 4;
const CAP_OFFSET = 8;
const CAP_LENGTH = 12;
const CAP_DATA = 16;

const NOTHING = new Uint8Array(0);
export interface VirtioPciOptions {
  readonly name: string;
  readonly ram: Ram;
  readonly device: VirtioDevice;
  /** `disable-legacy=on`: the modern device id, and no I/O BAR. */
  readonly isModernOnly: boolean;
  readonly guestError: GuestErrorLog;
}

export class VirtioPci extends PciFunction {
  readonly transport: VirtioTransport;
  private readonly msix: Msix;
  private readonly state: VirtioPciState;

  constructor({ name, ram, device, isModernOnly, guestError }: VirtioPciOptions) {
    const { transitional, classCode, vectors } = KINDS[device.deviceId]!;
    super(name, {
      vendor: VENDOR,
      device: isModernOnly ? MODERN_ID_BASE + device.deviceId : transitional,
      revision: isModernOnly ? 1 : 0,
      classCode,
      subsystemVendor: VENDOR,
      subsystem: isModernOnly ? MODERN_SUBSYSTEM : device.deviceId,
      hasInterrupt: true,
    });
    this.transport = new VirtioTransport({
      name,
      ram,
      device,
      guestError,
      irq: level => this.setInterrupt(level),
      message: queue => this.sendMessage(queue),
      mayMaster: () => (this.command & COMMAND_MASTER) !== 0,
    });
    this.msix = new Msix(vectors, ram, () => this.view.getUint16(MSIX_CONTROL, true), guestError);
    this.state = new VirtioPciState(this.label, this.transport, this.msix, guestError);
    if (!isModernOnly) {
      this.addBar({
        index: LEGACY_BAR,
        kind: 'io',
        size: legacyBarBytes(device.configSize),
        region: new LegacyRegisters(this.state, () => this.enableMastering()),
      });
    }
    this.addBar({ index: MSIX_BAR, kind: 'mem32', size: MSIX_BAR_BYTES, region: this.msix });
    this.addBar({
      index: MODERN_BAR,
      kind: 'mem64',
      isPrefetchable: true,
      size: MODERN_BYTES,
      region: new ModernRegisters(this.state),
    });
    this.addVirtioCapability(COMMON_CAP, VIRTIO_PCI_CAP_COMMON_CFG, COMMON);
    this.addVirtioCapability(ISR_CAP, VIRTIO_PCI_CAP_ISR_CFG, ISR);
    this.addVirtioCapability(DEVICE_CAP, VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE);
    this.addVirtioCapability(NOTIFY_CAP, VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY, u32(NOTIFY_OFF_MULTIPLIER));
    this.addVirtioCapability(PCI_CFG_CAP, VIRTIO_PCI_CAP_PCI_CFG, undefined, u32(0));
    this.addCapability(MSIX_CAP_AT, MSIX_CAP, this.msix.capability(MSIX_BAR));
    viewOf(this.writable).setUint16(MSIX_CONTROL, CONTROL_ENABLE | CONTROL_FUNCTION_MASK, true);
    this.seal();
  }

  override get intx(): boolean {
    return super.intx && !this.msix.isEnabled;
  }

  override readConfig(offset: number, width: Width): number {
    if (touchesData(offset, width)) this.accessThroughConfig(false);
    return super.readConfig(offset, width);
  }

  override writeConfig(offset: number, width: Width, value: number): void {
    super.writeConfig(offset, width, value);
    if (touchesData(offset, width)) this.accessThroughConfig(true);
    if (offset >= MSIX_CAP_AT) this.msix.deliver();
    if (offset === COMMAND && !(this.command & COMMAND_MASTER)) this.transport.stop();
  }

  override reset(): void {
    super.reset();
    this.msix.reset();
    this.state.reset();
  }

  override save(out: StateWriter): void {
    super.save(out);
    this.state.save(out);
  }

  override load(from: StateReader): void {
    super.load(from);
    this.state.load(from);
  }

  private addVirtioCapability(at: number, type: number, region: number | undefined, extra: Uint8Array = NOTHING): void {
    const body = new Uint8Array(CAP_DATA - 2);
    const view = viewOf(body);
    body[0] = CAP_DATA + extra.length;
    body[1] = type;
    if (region !== undefined) {
      body[CAP_BAR - 2] = MODERN_BAR;
      view.setUint32(CAP_OFFSET - 2, region * REGION_BYTES, true);
      view.setUint32(CAP_LENGTH - 2, REGION_BYTES, true);
    } else {
      this.writable[at + CAP_BAR] = 0xff;
      this.writable.fill(0xff, at + CAP_OFFSET, at + CAP_DATA + extra.length);
    }
    this.addCapability(at, CAP_VENDOR, concatBytes([body, extra]));
  }

  /** VIRTIO_PCI_CAP_PCI_CFG (4.1.4.9): a driver that cannot map BARs reaches them through these fields. */
  private accessThroughConfig(isWrite: boolean): void {
    const { view } = this;
    const index = this.config[PCI_CFG_CAP + CAP_BAR]!;
    const width = view.getUint32(PCI_CFG_CAP + CAP_LENGTH, true);
    const offset = view.getUint32(PCI_CFG_CAP + CAP_OFFSET, true);
    const bar = this.bars.find(b => b.index === index);
    if (!bar || (width !== 1 && width !== 2 && width !== 4)) return;
    const at = PCI_CFG_CAP + CAP_DATA;
    if (offset % width !== 0 || offset + width > bar.size) return;
    if (isWrite) bar.region.write(offset, width, super.readConfig(at, width));
    else view.setUint32(at, bar.region.read(offset, width), true);
  }

  /** With MSI-X there is no wire: a cause without a vector is not heard. */
  private sendMessage(queue: number | 'config'): boolean {
    if (!this.msix.isEnabled) return false;
    this.msix.notify(this.state.vectorOf(queue));
    return true;
  }

  private enableMastering(): void {
    super.writeConfig(COMMAND, 2, this.command | COMMAND_MASTER);
  }
}

function touchesData(offset: number, width: Width): boolean {
  const at = PCI_CFG_CAP + CAP_DATA;
  return offset < at + 4 && at < offset + width;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}
