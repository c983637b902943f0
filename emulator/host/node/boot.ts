/** `boot()` for tests and tools in Node: names of files in, a booted Vm out. Virtual time and one seed unless told otherwise. */
import type { NamedBytes, DeviceSpec, MachineConfig } from '../../machine/config.ts';
import { ICOUNT_SHIFT_AUTO, VIRTUAL_EPOCH_MS } from '../../machine/config.ts';
import { boot as bootConfig, Vm } from '../../session/vm.ts';
import type { BlockBackend } from '../../storage/block-backend.ts';
import { CowLayer } from '../../storage/cow-layer.ts';
import { MemoryBackend } from '../../storage/memory-backend.ts';
import { builtImage, FileBackend, readNamed } from './files.ts';

export interface DriveOptions {
  /** A raw image: a file's name, or its bytes. */
  readonly image: string | Uint8Array;
  readonly isReadOnly?: boolean;
  /** What the guest's GET_ID says. */
  readonly serial?: string;
}

export interface BootOptions {
  /** Default: images/out/kernel.elf. */
  readonly kernel?: string | NamedBytes;
  readonly initrd?: string | NamedBytes;
  readonly bios?: string;
  /** Default: images/out/rootfs.img, read-only. Writes stay in memory: no image is ever changed. */
  readonly drives?: readonly (string | DriveOptions)[];
  readonly append?: string;
  readonly memoryMiB?: number;
  /** An instruction takes 2^icount ns; 'real' for the host's clock. Default 3. */
  readonly icount?: number | 'real';
  readonly isVirtioLegacy?: boolean;
  readonly seed?: number;
  /** Refuse the guest's reboot: it ends the machine. Default true. */
  readonly isRebootRefused?: boolean;
  /** For the boot itself, in guest time. */
  readonly timeoutMs?: number;
  readonly guestError?: (what: string) => void;
}

/** Boots and waits for the agent. */
export function boot(options: BootOptions = {}): Promise<Vm> {
  return bootConfig(machineConfig(options), options.timeoutMs);
}

/** Switches on and waits for nothing: for kernels without an agent, and for tests of the boot itself. */
export function powerOn(options: BootOptions = {}): Vm {
  return Vm.powerOn(machineConfig(options));
}

export function machineConfig(options: BootOptions): MachineConfig {
  const { kernel = builtImage('kernel.elf'), initrd, bios = 'default', icount = ICOUNT_SHIFT_AUTO } = options;
  const drives = options.drives ?? [{ image: builtImage('rootfs.img'), isReadOnly: true }];
  const devices: DeviceSpec[] = [
    ...drives.map((drive): DeviceSpec => {
      const { image, isReadOnly = false, serial = '' } = typeof drive === 'string' ? { image: drive } : drive;
      return { kind: 'blk', backend: new CowLayer(baseOf(image), isReadOnly), serial };
    }),
    { kind: 'console' },
    { kind: 'rng' },
  ];
  return {
    memoryMiB: options.memoryMiB ?? 128,
    bios: bios === 'default' || bios === 'none' ? bios : readNamed(bios, 'firmware'),
    kernel: typeof kernel === 'string' ? readNamed(kernel, 'kernel') : kernel,
    ...(initrd === undefined ? {} : { initrd: typeof initrd === 'string' ? readNamed(initrd, 'initrd') : initrd }),
    append: options.append ?? '',
    devices,
    isVirtioLegacy: options.isVirtioLegacy ?? true,
    ...(icount === 'real' ? {} : { icountShift: icount }),
    isRebootRefused: options.isRebootRefused ?? true,
    epochMs: icount === 'real' ? Date.now() : VIRTUAL_EPOCH_MS,
    seed: options.seed ?? 1,
    guestError: options.guestError ?? (() => {}),
  };
}

function baseOf(image: string | Uint8Array): BlockBackend {
  return typeof image === 'string' ? new FileBackend(image, true) : new MemoryBackend(image, true);
}
