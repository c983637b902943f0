/**
 * What a machine is built from, with the defaults that the library has everywhere: virtual time, one seed, a console for
 * the agent, writes to drives in memory. Images are bytes here; a host that has files or addresses reads them first.
 */
import {
  ICOUNT_SHIFT_AUTO,
  VIRTUAL_EPOCH_MS,
  type DeviceSpec,
  type MachineConfig,
  type NamedBytes,
} from '../machine/config.ts';
import type { BlockBackend } from '../storage/block-backend.ts';
import { CowLayer } from '../storage/cow-layer.ts';
import { MemoryBackend } from '../storage/memory-backend.ts';

/** What every host's options share. */
export interface CommonOptions {
  /** The kernel's command line. */
  readonly append?: string;
  /** Default 128. */
  readonly memoryMiB?: number;
  /** An instruction takes 2^icount ns; 'real' for the host's clock. Default 3. */
  readonly icount?: number | 'real';
  /** virtio-mmio version 1, as QEMU 7.2 has it by default, instead of 2. Default true. */
  readonly isVirtioLegacy?: boolean;
  /** Of everything random. Default 1; in real time, the host's own random bytes. */
  readonly seed?: number;
  /** Refuse the guest's reboot: it ends the machine. Default true. */
  readonly isRebootRefused?: boolean;
  /** Hears what the guest does wrong to a device. */
  readonly guestError?: (what: string) => void;
}

/** A raw image, or whatever else can be read by offset. */
export type DriveImage = Uint8Array | BlockBackend;

export interface DriveOptions<Image> {
  readonly image: Image;
  readonly isReadOnly?: boolean;
  /** What the guest's GET_ID says. */
  readonly serial?: string;
}

export interface MachineOptions extends CommonOptions {
  /** An ELF file or a Linux Image. */
  readonly kernel?: Uint8Array | NamedBytes;
  readonly initrd?: Uint8Array | NamedBytes;
  /** 'default': the built-in SBI. 'none': the kernel starts in M-mode. Bytes: firmware such as OpenSBI. */
  readonly bios?: 'default' | 'none' | Uint8Array | NamedBytes;
  /** Writes stay in memory: no image is ever changed. Default none. */
  readonly drives?: readonly (DriveImage | DriveOptions<DriveImage>)[];
}

/** Everything but `kernel` (or firmware) has a default. */
export function machineConfig(options: MachineOptions): MachineConfig {
  const { kernel, initrd, bios = 'default', icount = ICOUNT_SHIFT_AUTO, drives = [] } = options;
  const devices: DeviceSpec[] = [
    ...drives.map((drive): DeviceSpec => {
      const { image, isReadOnly = false, serial = '' } = 'image' in drive ? drive : { image: drive };
      return { kind: 'blk', backend: new CowLayer(backendOf(image), isReadOnly), serial };
    }),
    { kind: 'console' },
    { kind: 'rng' },
  ];
  const seed = options.seed ?? (icount === 'real' ? undefined : 1);
  return {
    memoryMiB: options.memoryMiB ?? 128,
    bios: typeof bios === 'string' ? bios : named(bios, 'firmware'),
    ...(kernel === undefined ? {} : { kernel: named(kernel, 'kernel') }),
    ...(initrd === undefined ? {} : { initrd: named(initrd, 'initrd') }),
    append: options.append ?? '',
    devices,
    isVirtioLegacy: options.isVirtioLegacy ?? true,
    ...(icount === 'real' ? {} : { icountShift: icount }),
    isRebootRefused: options.isRebootRefused ?? true,
    epochMs: icount === 'real' ? Date.now() : VIRTUAL_EPOCH_MS,
    ...(seed === undefined ? {} : { seed }),
    guestError: options.guestError ?? (() => {}),
  };
}

function backendOf(image: DriveImage): BlockBackend {
  return image instanceof Uint8Array ? new MemoryBackend(image, true) : image;
}

function named(image: Uint8Array | NamedBytes, name: string): NamedBytes {
  return image instanceof Uint8Array ? { name, bytes: image } : image;
}
