/** `boot()` for tests and tools in Node: names of files in, a booted Vm out. Virtual time and one seed unless told otherwise. */
import type { MachineConfig, NamedBytes } from '../../machine/config.ts';
import {
  machineConfig as configOf,
  type CommonOptions,
  type DriveImage,
  type DriveOptions as DriveOptionsOf,
} from '../../session/machine-options.ts';
import { boot as bootConfig, Vm } from '../../session/vm.ts';
import { nodeSockets } from './sockets.ts';
import { openDisk } from './disk-image.ts';
import { builtImage, readNamed } from './files.ts';

/** A file's name, or its contents. */
export type ImageFile = string | Uint8Array | NamedBytes;

export type DriveOptions = DriveOptionsOf<string | DriveImage>;

export interface BootOptions extends CommonOptions {
  /** Default: images/out/kernel.elf. */
  readonly kernel?: ImageFile;
  readonly initrd?: ImageFile;
  /** A device tree blob instead of the board's own; bootargs, initrd and rng-seed of its /chosen are ours. */
  readonly dtb?: ImageFile;
  /** 'default', 'none', or firmware. */
  readonly bios?: ImageFile;
  /** Default: images/out/rootfs.img, read-only. Writes stay in memory: no image is ever changed. */
  readonly drives?: readonly (string | DriveImage | DriveOptions)[];
  /** For the boot itself, in guest time. */
  readonly timeoutMs?: number;
}

/** Boots and waits for the agent. */
export function boot(options: BootOptions = {}): Promise<Vm> {
  return bootConfig(machineConfig(options), options.timeoutMs);
}

/** Switches on and waits for nothing: for kernels without an agent, and for tests of the boot itself. */
export function powerOn(options: BootOptions = {}): Vm {
  return Vm.powerOn(machineConfig(options));
}

/** Reads what is named. Errors of the user (no such file) are UserErrors. */
export function machineConfig(options: BootOptions): MachineConfig {
  const { kernel = builtImage('kernel.elf'), initrd, dtb, bios = 'default', drives, ...common } = options;
  const rootDrive: DriveOptions = { image: builtImage('rootfs.img'), isReadOnly: true };
  return configOf({
    ...common,
    sockets: nodeSockets,
    kernel: read(kernel, 'kernel'),
    ...(initrd === undefined ? {} : { initrd: read(initrd, 'initrd') }),
    ...(dtb === undefined ? {} : { dtb: read(dtb, 'device tree') }),
    bios: bios === 'default' || bios === 'none' ? bios : read(bios, 'firmware'),
    drives: (drives ?? [rootDrive]).map(drive =>
      typeof drive === 'object' && 'image' in drive ? { ...drive, image: open(drive.image) } : open(drive),
    ),
  });
}

function read(image: ImageFile, what: string): Uint8Array | NamedBytes {
  return typeof image === 'string' ? readNamed(image, what) : image;
}

function open(image: string | DriveImage): DriveImage {
  return typeof image === 'string' ? openDisk(image, true).backend : image;
}
