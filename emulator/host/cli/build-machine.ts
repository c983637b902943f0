/** Options to a machine's configuration: opens the files, matches -device with -drive and -chardev, fills in defaults. */
import { utf8 } from '../../base/bytes.ts';
import { UserError } from '../../base/user-error.ts';
import {
  VIRTUAL_EPOCH_MS,
  type FlashSpec,
  type LoaderSpec,
  type DeviceSpec,
  type MachineConfig,
  type NamedBytes,
  type VirtioPlace,
} from '../../machine/config.ts';
import type { BlockBackend } from '../../storage/block-backend.ts';
import { CowLayer } from '../../storage/cow-layer.ts';
import { openDisk } from '../node/disk-image.ts';
import { builtImage, outputFile, readNamed } from '../node/files.ts';
import { modelOf, placeOf } from './flags/device-models.ts';
import { Cards } from './flags/net-flags.ts';
import type { ChardevFlag, CliOptions, DeviceFlag, DriveFlag, FwCfgFlag } from './flags/options.ts';

/** Under virtual time, random bytes are part of the inputs. */
const VIRTUAL_SEED = 1;

export interface BuiltMachine {
  readonly config: MachineConfig;
  /** What the command line put behind the virtio-console; absent: the agent's channel is ours. */
  readonly chardev: ChardevFlag | undefined;
  /** Some drive keeps what the guest writes. */
  readonly hasWritableDrive: boolean;
  /** To be closed after the run. */
  readonly files: readonly { close(): void }[];
}

/** What it throws leaves no file open and no drive locked. */
export function buildMachine(options: CliOptions, guestError: (what: string) => void): BuiltMachine {
  const files: { close(): void }[] = [];
  try {
    return { ...build(options, guestError, files), files };
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
}

/** @param files takes each file as it is opened */
function build(
  options: CliOptions,
  guestError: (what: string) => void,
  files: { close(): void }[],
): Omit<BuiltMachine, 'files'> {
  const isDefaultSystem =
    options.kernel === undefined &&
    options.flash.length === 0 &&
    !(options.bios === 'none' && options.devices.some(flag => modelOf(flag).kind === 'loader')) &&
    (options.bios === 'default' || options.bios === 'none');
  const rootDrive: DriveFlag = { file: builtImage('rootfs.img'), id: '', isReadOnly: true, isVirtio: false };
  const open = (drive: DriveFlag): BlockBackend => {
    const isSnapshot = options.isSnapshot || (drive.isSnapshot ?? false);
    const disk = openDisk(drive.file, drive.isReadOnly || isSnapshot, drive.format);
    files.push(...disk.files);
    return isSnapshot && !drive.isReadOnly ? new CowLayer(disk.backend) : disk.backend;
  };
  const blk = (drive: DriveFlag, serial: string, place: VirtioPlace): DeviceSpec => {
    return { kind: 'blk', backend: open(drive), serial, ...place };
  };
  const flash = options.flash.map(({ bank, drive }): FlashSpec => ({ bank, backend: open(drive) }));
  const loaders: LoaderSpec[] = [];
  const devices: DeviceSpec[] = isDefaultSystem ? [blk(rootDrive, '', { bus: 'mmio' })] : [];
  const cards = new Cards(options, dump => {
    const { write, close } = outputFile(dump.file, 'filter-dump');
    files.push({ close });
    return write;
  });
  devices.push(...cards.nics());
  const users = new Map<DriveFlag, DeviceFlag>();
  let chardev: ChardevFlag | undefined;
  for (const flag of options.devices) {
    const place = placeOf(flag);
    switch (modelOf(flag).kind) {
      case 'blk':
        devices.push(blk(driveOf(options, flag, users), flag.props.get('serial') ?? '', place));
        break;
      case 'rng':
        checkRng(options, flag);
        devices.push({ kind: 'rng', ...place });
        break;
      case 'console':
        devices.push({ kind: 'console', ...place });
        break;
      case 'net':
        devices.push(cards.device(flag, place));
        break;
      case 'loader':
        loaders.push(loaderOf(flag));
        break;
      case 'port':
        chardev = portOf(options, flag, devices, chardev);
        break;
    }
  }
  cards.checkUsed();
  // QEMU makes these after every -device, whatever the order on the command line.
  for (const drive of options.drives) if (drive.isVirtio) devices.push(blk(drive, '', { bus: 'pci' }));
  // The agent's channel. Another kernel sees the devices of its command line, no more.
  const needsAgent = isDefaultSystem || options.command !== undefined;
  if (needsAgent && !devices.some(device => device.kind === 'console')) devices.push({ kind: 'console' });
  if (isDefaultSystem && !devices.some(device => device.kind === 'rng')) devices.push({ kind: 'rng' });
  if (chardev && options.command !== undefined) {
    throw new UserError(
      `a command behind -- needs the channel that chardev ${chardev.id} has`,
      'leave the virtconsole out',
    );
  }
  const unused = options.drives.find(drive => !drive.isVirtio && !users.has(drive));
  if (unused) {
    throw new UserError(
      `drive ${unused.file}: no -device uses it`,
      `write if=virtio, or add -device virtio-blk-pci,drive=${unused.id || 'X'}`,
    );
  }
  const kernel = options.kernel ?? (isDefaultSystem ? builtImage('kernel.elf') : undefined);
  const isVirtual = options.icountShift !== undefined;
  const config: MachineConfig = {
    memoryMiB: options.memoryMiB,
    harts: options.harts,
    bios: options.bios === 'default' || options.bios === 'none' ? options.bios : readNamed(options.bios, 'firmware'),
    ...(kernel === undefined ? {} : { kernel: readNamed(kernel, 'kernel') }),
    ...(options.initrd === undefined ? {} : { initrd: readNamed(options.initrd, 'initrd') }),
    ...(options.dtb === undefined ? {} : { dtb: readNamed(options.dtb, 'device tree') }),
    ...(options.isTohost ? { startsAtEntry: true } : {}),
    append: options.append ?? '',
    ...(options.fwCfg.length === 0 ? {} : { fwCfg: options.fwCfg.map(fwCfgFile) }),
    cpu: options.cpu,
    ...(options.hasAclint ? { hasAclint: true } : {}),
    devices,
    ...(flash.length === 0 ? {} : { flash }),
    ...(loaders.length === 0 ? {} : { loaders }),
    isVirtioLegacy: options.isVirtioLegacy,
    ...(options.icountShift === undefined ? {} : { icountShift: options.icountShift }),
    isRebootRefused: options.isRebootRefused,
    epochMs: options.epochMs ?? (isVirtual ? VIRTUAL_EPOCH_MS : Date.now()),
    ...(isVirtual ? { seed: VIRTUAL_SEED } : {}),
    guestError,
  };
  const hasWritableDrive =
    !options.isSnapshot && [...options.drives, ...options.flash.map(f => f.drive)].some(drive => !drive.isReadOnly);
  return { config, chardev, hasWritableDrive };
}

function fwCfgFile({ name, from }: FwCfgFlag): NamedBytes {
  return { name, bytes: 'file' in from ? readNamed(from.file, 'fw_cfg').bytes : utf8(from.text) };
}

function loaderOf({ props }: DeviceFlag): LoaderSpec {
  const bad = (hint: string): UserError => new UserError('-device loader: not understood', hint);
  const file = props.get('file');
  const hartText = props.get('cpu-num');
  const hart = Number(hartText);
  if (hartText !== undefined && !/^\d+$/.test(hartText)) throw bad('cpu-num is the number of a hart');
  if (file === undefined && hartText === undefined) throw bad('name what is to be loaded with file=');
  const addressText = props.get('addr');
  const address = Number(addressText);
  if (addressText !== undefined && !(addressText !== '' && Number.isSafeInteger(address) && address >= 0))
    throw bad(`addr=${addressText}: write an address such as 0x20000000`);
  const isRaw = ['on', 'true'].includes(props.get('force-raw') ?? 'off');
  if ((isRaw || file === undefined) && addressText === undefined) throw bad('say where it goes with addr=');
  return {
    ...(file === undefined ? {} : { file: readNamed(file, 'loader') }),
    ...(hartText === undefined ? {} : { hart }),
    ...(addressText === undefined ? {} : { address }),
    ...(isRaw ? { isRaw } : {}),
  };
}

/** The object is the host's generator, as without it; but it must be there. */
function checkRng(options: CliOptions, flag: DeviceFlag): void {
  const rng = flag.props.get('rng');
  if (rng === undefined || options.rngs.includes(rng)) return;
  throw new UserError(`-device ${flag.model},rng=${rng}: no -object has that id`, `add -object rng-random,id=${rng}`);
}

function driveOf(options: CliOptions, flag: DeviceFlag, users: Map<DriveFlag, DeviceFlag>): DriveFlag {
  const id = flag.props.get('drive');
  if (id === undefined) throw new UserError(`-device ${flag.model}: no drive=`, 'name the id of a -drive');
  const drive = options.drives.find(d => d.id === id);
  if (!drive)
    throw new UserError(
      `-device ${flag.model},drive=${id}: no -drive has that id`,
      `add -drive file=F,format=raw,if=none,id=${id}`,
    );
  if (drive.isVirtio || users.has(drive)) {
    throw new UserError(
      `-device ${flag.model},drive=${id}: drive ${id} is in use`,
      drive.isVirtio ? 'if=virtio has made a disk of it: write if=none' : 'give each -device a -drive of its own',
    );
  }
  users.set(drive, flag);
  return drive;
}

/** virtconsole and virtserialport: port 0 of the controller in front of them. */
function portOf(
  options: CliOptions,
  flag: DeviceFlag,
  devices: readonly DeviceSpec[],
  taken: ChardevFlag | undefined,
): ChardevFlag {
  if (!devices.some(device => device.kind === 'console')) {
    throw new UserError(`-device ${flag.model}: no controller`, 'put -device virtio-serial-device in front of it');
  }
  if (taken) throw new UserError(`-device ${flag.model}: the controller has one port`, 'leave the second one out');
  const id = flag.props.get('chardev');
  const chardev = options.chardevs.find(c => c.id === id);
  if (!chardev)
    throw new UserError(
      `-device ${flag.model}: no -chardev has the id ${id ?? ''}`,
      'add -chardev socket,id=X,path=F,server=on,wait=off',
    );
  return chardev;
}
