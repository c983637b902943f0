/** What a machine is made of: everything a run depends on, apart from what is typed into it. */
import type { GuestErrorLog } from '../bus/device.ts';
import type { NetworkConfig } from '../device/net/config.ts';
import type { HostSockets } from '../device/net/host-sockets.ts';
import type { ByteSink } from '../device/net/pcap.ts';
import type { CpuFeatures } from '../isa/extensions.ts';
import type { BlockBackend } from '../storage/block-backend.ts';

/** A file that has been read; `name` is for messages. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where a PCI function sits on bus 0: slot (0 to 31) and function (0 to 7). */
export interface PciAddress {
  readonly slot: number;
  readonly fn: number;
}

/** How the guest finds a virtio device. */
export interface VirtioPlace {
  /** Absent: 'mmio'. */
  readonly bus?: 'mmio' | 'pci';
  /** On mmio: which of the board's slots, 0 to VIRTIO_SLOTS - 1; absent is the last one that is free. */
  readonly slot?: number;
  /** On PCI: absent is the first free slot. */
  readonly addr?: PciAddress;
  /** On PCI: without the legacy interface, under the modern device id (`disable-legacy=on`). */
  readonly isModernOnly?: boolean;
}

/** One `-device`, in command-line order. */
export type DeviceSpec = VirtioPlace &
  (
    | { readonly kind: 'blk'; readonly backend: BlockBackend; readonly serial: string }
    | { readonly kind: 'console' }
    | { readonly kind: 'rng' }
    | {
        readonly kind: 'net';
        readonly mac: Uint8Array;
        readonly network: NetworkConfig;
        /** Needed where the network has forwards. */
        readonly sockets?: HostSockets;
        /** Packet captures of all that crosses the cable. */
        readonly dumps?: readonly { readonly sink: ByteSink; readonly lengthMax?: number }[];
      }
  );

/** `-device loader`: bytes that are put into RAM or flash at power-on, and where a hart starts. */
export interface LoaderSpec {
  readonly file?: NamedBytes;
  /** Where a file without addresses of its own goes. */
  readonly address?: number;
  /** An ELF file, too, goes to the address as it is. */
  readonly isRaw?: boolean;
  /** It starts at the file, or at the address, in M-mode. */
  readonly hart?: number;
}

/** `-drive if=pflash`: the contents of a bank of flash. */
export interface FlashSpec {
  readonly bank: 0 | 1;
  readonly backend: BlockBackend;
}

export interface MachineConfig {
  readonly memoryMiB: number;
  readonly bios: 'default' | 'none' | NamedBytes;
  /** With bios 'none': start at the ELF file's own entry, as simulators do, instead of at the start of RAM. */
  readonly startsAtEntry?: boolean;
  readonly kernel?: NamedBytes;
  readonly initrd?: NamedBytes;
  /** A device tree instead of the board's own; of it, only /chosen is changed. */
  readonly dtb?: NamedBytes;
  readonly append: string;
  /** Files that firmware finds by name, beside the board's own. */
  readonly fwCfg?: readonly NamedBytes[];
  /** 1 to HARTS_MAX; default 1. */
  readonly harts?: number;
  /** The processor's extensions; default: QEMU 7.2's. */
  readonly cpu?: CpuFeatures;
  /** Supervisor software interrupts have a device too, and the device tree describes three where it described a CLINT. */
  readonly hasAclint?: boolean;
  readonly devices: readonly DeviceSpec[];
  /**
   * With one of bank 0, harts start in it, in M-mode. One of bank 1 is the S-mode firmware that the next stage is, and a
   * kernel is for it to load (fw_cfg).
   */
  readonly flash?: readonly FlashSpec[];
  readonly loaders?: readonly LoaderSpec[];
  /** virtio-mmio version 1 instead of 2. */
  readonly isVirtioLegacy: boolean;
  /** Instruction-counted virtual time: an instruction takes 2^shift ns. Absent: the host's clock. */
  readonly icountShift?: number;
  /** A reset requested by the guest ends the machine. */
  readonly isRebootRefused: boolean;
  /** Time of day at power-on, in ms since 1970. */
  readonly epochMs: number;
  /** Random bytes come from this seed instead of the host. */
  readonly seed?: number;
  readonly guestError: GuestErrorLog;
}

export const HARTS_MAX = 8;
export const VIRTIO_SLOTS = 8;
/** Without another choice, virtual time begins here: 2026-01-01T00:00:00Z. */
export const VIRTUAL_EPOCH_MS = 1_767_225_600_000;
/** `-icount auto`: 125 MIPS. */
export const ICOUNT_SHIFT_AUTO = 3;

/** What the guest reads and writes of the host's: disks in the order of their devices, then flash. */
export function backendsOf({ devices, flash = [] }: Pick<MachineConfig, 'devices' | 'flash'>): BlockBackend[] {
  return [...devices.flatMap(spec => (spec.kind === 'blk' ? [spec.backend] : [])), ...flash.map(f => f.backend)];
}
