/** What a command line comes down to, before any file is opened. */
import type { NetworkConfig } from '../../../device/net/config.ts';
import type { StreamTarget } from '../../node/byte-stream.ts';
import type { GdbAddress } from '../../node/gdb-server.ts';
import { DEFAULT_FEATURES, type CpuFeatures } from '../../../isa/extensions.ts';
import { SIGNATURE_GRANULARITY } from '../../../machine/htif.ts';
import type { DiskFormat } from '../../node/disk-image.ts';

export interface DriveFlag {
  readonly file: string;
  readonly id: string;
  readonly isReadOnly: boolean;
  /** What is written to it stays in memory, as with -snapshot. */
  readonly isSnapshot?: boolean;
  /** Absent: to be found out. */
  readonly format?: DiskFormat;
  /** `if=virtio`: a virtio-blk-pci of its own, behind every -device. */
  readonly isVirtio: boolean;
}

/** `-drive if=pflash` and `-pflash`. */
export interface FlashFlag {
  readonly bank: 0 | 1;
  readonly drive: DriveFlag;
}

/** A `-device` with its properties. */
export interface DeviceFlag {
  readonly model: string;
  readonly props: ReadonlyMap<string, string>;
}

export interface ChardevFlag {
  readonly id: string;
  readonly target: StreamTarget;
}

/** A stream's host end, or the name of a -chardev until all flags are read. */
export type StreamFlag = StreamTarget | { readonly kind: 'chardev'; readonly id: string };

/** A `-netdev`, or the network of a `-nic`. */
export interface NetdevFlag {
  readonly id: string;
  readonly network: NetworkConfig;
}

export interface NicFlag {
  readonly netdev: NetdevFlag;
  readonly mac: string | undefined;
}

/** `-object filter-dump`: a packet capture. */
export interface DumpFlag {
  readonly netdev: string;
  readonly file: string;
  readonly lengthMax?: number;
}

/** `-fw_cfg`: a file that firmware finds by name. */
export interface FwCfgFlag {
  readonly name: string;
  readonly from: { readonly file: string } | { readonly text: string };
}

export interface CliOptions {
  /** Ids of -object rng-random and the like. */
  rngs: string[];
  /** `-rtc`: time of day at power-on, in ms since 1970. */
  epochMs: number | undefined;
  memoryMiB: number;
  harts: number;
  cpu: CpuFeatures;
  bios: string;
  kernel: string | undefined;
  initrd: string | undefined;
  dtb: string | undefined;
  /** Write the device tree there and be done. */
  dumpDtb: string | undefined;
  append: string | undefined;
  /** A snapshot to go on from. */
  loadvm: string | undefined;
  /** The flags that were there, by the first of their names. */
  given: string[];
  /** `-M virt,aclint=on`. */
  hasAclint: boolean;
  fwCfg: FwCfgFlag[];
  drives: DriveFlag[];
  flash: FlashFlag[];
  devices: DeviceFlag[];
  chardevs: ChardevFlag[];
  netdevs: NetdevFlag[];
  nics: NicFlag[];
  dumps: DumpFlag[];
  /** Where the guest's serial console goes. */
  serial: StreamFlag;
  /** A monitor beside that of the console's keys. */
  monitor: StreamFlag;
  isSnapshot: boolean;
  isRebootRefused: boolean;
  icountShift: number | undefined;
  isVirtioLegacy: boolean;
  logItems: string[];
  logFile: string | undefined;
  /** Test programs' conventions: end and print through `tohost`, start at the ELF file's entry. */
  isTohost: boolean;
  signatureFile: string | undefined;
  signatureGranularity: number;
  gdb: GdbAddress | undefined;
  /** The machine waits for gdb, or for the monitor's `cont`. */
  startsStopped: boolean;
  timeoutMs: number | undefined;
  reportFile: string | undefined;
  profileFile: string | undefined;
  symbolFiles: string[];
  pidFile: string | undefined;
  /** What follows `--`, joined by spaces. */
  command: string | undefined;
  /** `--help`, `--version`, `-M help`, …: print and be done. */
  show: 'help' | 'version' | 'machines' | 'cpus' | 'devices' | 'accels' | undefined;
}

export function defaultOptions(): CliOptions {
  return {
    rngs: [],
    epochMs: undefined,
    memoryMiB: 128,
    harts: 1,
    cpu: DEFAULT_FEATURES,
    bios: 'default',
    kernel: undefined,
    initrd: undefined,
    dtb: undefined,
    dumpDtb: undefined,
    append: undefined,
    loadvm: undefined,
    given: [],
    hasAclint: false,
    fwCfg: [],
    drives: [],
    flash: [],
    devices: [],
    chardevs: [],
    netdevs: [],
    nics: [],
    dumps: [],
    serial: { kind: 'stdio' },
    monitor: { kind: 'none' },
    isSnapshot: false,
    isRebootRefused: false,
    icountShift: undefined,
    isVirtioLegacy: true,
    logItems: [],
    logFile: undefined,
    isTohost: false,
    signatureFile: undefined,
    signatureGranularity: SIGNATURE_GRANULARITY,
    gdb: undefined,
    startsStopped: false,
    timeoutMs: undefined,
    reportFile: undefined,
    profileFile: undefined,
    symbolFiles: [],
    pidFile: undefined,
    command: undefined,
    show: undefined,
  };
}
