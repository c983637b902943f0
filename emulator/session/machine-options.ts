/**
 * What a machine is built from, with the defaults that the library has everywhere: virtual time, one seed, a console for
 * the agent, writes to drives in memory. Images are bytes here; a host that has files or addresses reads them first.
 */
import { DEFAULT_FEATURES, missingNeed, type CpuFeatures } from '../isa/extensions.ts';
import {
  ICOUNT_SHIFT_AUTO,
  VIRTUAL_EPOCH_MS,
  type DeviceSpec,
  type MachineConfig,
  type NamedBytes,
} from '../machine/config.ts';
import { UserError } from '../base/user-error.ts';
import { parseMac } from '../device/net/addresses.ts';
import { defaultMac } from '../device/net/config.ts';
import type { HostSockets } from '../device/net/host-sockets.ts';
import { networkFromOptions, type NetworkOption } from '../device/net/options.ts';
import type { BlockBackend } from '../storage/block-backend.ts';
import { CowLayer } from '../storage/cow-layer.ts';
import { MemoryBackend } from '../storage/memory-backend.ts';

/** A network card with a user-mode network (docs/network.md). The words are those of QEMU's `-netdev user`. */
export interface NetOptions {
  readonly mac?: string;
  readonly bus?: 'mmio' | 'pci';
  /** `tcp:127.0.0.1:8080-:80`; host port 0 for a free one: `vm.forwardedPort`. */
  readonly hostfwd?: readonly string[];
  /** `tcp:10.0.2.100:80-tcp:127.0.0.1:5555` */
  readonly guestfwd?: readonly string[];
  readonly net?: string;
  readonly host?: string;
  readonly dns?: string;
  readonly dhcpstart?: string;
  readonly hostname?: string;
}

/** What every host's options share. */
export interface CommonOptions {
  /** The kernel's command line. */
  readonly append?: string;
  /** Default 128. */
  readonly memoryMiB?: number;
  /** Extensions that differ from QEMU's rv64: `{ zbb: false }`. */
  readonly cpu?: Partial<CpuFeatures>;
  /** Default 1. */
  readonly harts?: number;
  /** An instruction takes 2^icount ns; 'real' for the host's clock. Default 3. */
  readonly icount?: number | 'real';
  /** virtio-mmio version 1, as QEMU 7.2 has it by default, instead of 2. Default true. */
  readonly isVirtioLegacy?: boolean;
  /** Where drives, console and generator are found. Default 'mmio'. */
  readonly bus?: 'mmio' | 'pci';
  /** Of everything random. Default 1; in real time, the host's own random bytes. */
  readonly seed?: number;
  /** Default: no network card. */
  readonly net?: NetOptions;
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
  /** Default: as the other devices. */
  readonly bus?: 'mmio' | 'pci';
}

export interface MachineOptions extends CommonOptions {
  /** An ELF file or a Linux Image. */
  readonly kernel?: Uint8Array | NamedBytes;
  readonly initrd?: Uint8Array | NamedBytes;
  /** A device tree blob instead of the board's own; bootargs, initrd and rng-seed of its /chosen are ours. */
  readonly dtb?: Uint8Array | NamedBytes;
  /** 'default': the built-in SBI. 'none': the kernel starts in M-mode. Bytes: firmware such as OpenSBI. */
  readonly bios?: 'default' | 'none' | Uint8Array | NamedBytes;
  /** Writes stay in memory: no image is ever changed. Default none. */
  readonly drives?: readonly (DriveImage | DriveOptions<DriveImage>)[];
  /** Where the network's forwards lead; a host without sockets can have none. */
  readonly sockets?: HostSockets;
}

/** Everything but `kernel` (or firmware) has a default. */
export function machineConfig(options: MachineOptions): MachineConfig {
  const { kernel, initrd, dtb, bios = 'default', icount = ICOUNT_SHIFT_AUTO, drives = [] } = options;
  const { bus: commonBus = 'mmio' } = options;
  const devices: DeviceSpec[] = [
    ...drives.map((drive): DeviceSpec => {
      const { image, isReadOnly = false, serial = '', bus = commonBus } = 'image' in drive ? drive : { image: drive };
      return { kind: 'blk', backend: new CowLayer(backendOf(image), isReadOnly), serial, bus };
    }),
    { kind: 'console', bus: commonBus },
    { kind: 'rng', bus: commonBus },
    ...(options.net ? [netDevice({ bus: commonBus, ...options.net }, options.sockets)] : []),
  ];
  const seed = options.seed ?? (icount === 'real' ? undefined : 1);
  return {
    memoryMiB: options.memoryMiB ?? 128,
    harts: options.harts ?? 1,
    ...(options.cpu === undefined ? {} : { cpu: cpuFeatures(options.cpu) }),
    bios: typeof bios === 'string' ? bios : named(bios, 'firmware'),
    ...(kernel === undefined ? {} : { kernel: named(kernel, 'kernel') }),
    ...(initrd === undefined ? {} : { initrd: named(initrd, 'initrd') }),
    ...(dtb === undefined ? {} : { dtb: named(dtb, 'dtb') }),
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

function cpuFeatures(different: Partial<CpuFeatures>): CpuFeatures {
  const unknown = Object.keys(different).find(name => !(name in DEFAULT_FEATURES));
  if (unknown !== undefined)
    throw new UserError(`cpu: no extension ${unknown}`, `known are ${Object.keys(DEFAULT_FEATURES).join(', ')}`);
  const features = { ...DEFAULT_FEATURES, ...different };
  const missing = missingNeed(features);
  if (missing) throw new UserError(`cpu: ${missing.name} needs ${missing.needs}`, `switch ${missing.name} off too`);
  return features;
}

function netDevice(options: NetOptions, sockets: HostSockets | undefined): DeviceSpec {
  const { mac: macText, bus, ...words } = options;
  const mac = macText === undefined ? defaultMac(0) : parseMac(macText);
  if (!mac) throw new UserError(`mac ${macText}: not understood`, 'write one such as 52:54:00:12:34:56');
  const network = networkFromOptions(
    Object.entries(words).flatMap(([name, value]: [string, string | readonly string[]]) =>
      (typeof value === 'string' ? [value] : value).map((one): NetworkOption => [name, one]),
    ),
  );
  if (!sockets && network.hostForwards.length + network.guestForwards.length > 0)
    throw new UserError('hostfwd and guestfwd need a host that has sockets', 'leave them out: a page has none');
  return { kind: 'net', mac, network, ...(bus ? { bus } : {}), ...(sockets ? { sockets } : {}) };
}

function backendOf(image: DriveImage): BlockBackend {
  return image instanceof Uint8Array ? new MemoryBackend(image, true) : image;
}

function named(image: Uint8Array | NamedBytes, name: string): NamedBytes {
  return image instanceof Uint8Array ? { name, bytes: image } : image;
}
