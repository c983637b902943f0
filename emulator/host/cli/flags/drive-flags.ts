/** `-drive` and `-blockdev`: QEMU's two ways to name a disk image. */
import { UserError } from '../../../base/user-error.ts';
import { DISK_FORMATS } from '../../node/disk-image.ts';
import { addFlash } from './board-flags.ts';
import { nearestHint } from './nearest.ts';
import { isOn, parseProps, parseSwitch } from './option-list.ts';
import type { CliOptions, DriveFlag } from './options.ts';

const PROPS = ['file', 'format', 'if', 'id', 'readonly', 'read-only', 'snapshot', 'unit', 'index', 'media'];
/** How QEMU's host side reads, writes and forgets, and what it does with errors: nothing that a guest sees. */
const HOST_PROPS = ['cache', 'aio', 'discard', 'detect-zeroes', 'werror', 'rerror', 'auto-read-only', 'file.locking'];
const BLOCKDEV_PROPS = ['driver', 'node-name', 'filename', 'file', 'file.driver', 'file.filename', 'read-only'];
const BLOCKDEV_HOST_PROPS = [...HOST_PROPS, 'cache.direct', 'cache.no-flush', 'locking', 'file.aio', 'file.discard'];

const bad = (flag: string, value: string, hint: string): UserError =>
  new UserError(`-${flag} ${value}: not understood`, hint);

function checkNames(flag: string, value: string, names: Iterable<string>, known: readonly string[]): void {
  const unknown = [...names].find(name => !known.includes(name));
  if (unknown !== undefined)
    throw bad(flag, value, `${unknown} is not known here; ${nearestHint(unknown, known)}`.trim());
}

export function applyDrive(options: CliOptions, value: string): void {
  const props = parseProps(value);
  const wrong = (hint: string): UserError => bad('drive', value, hint);
  const file = props.get('file');
  if (file === undefined) throw wrong('name the image with file=');
  const formatName = props.get('format');
  const format = DISK_FORMATS.find(name => name === formatName);
  if (formatName !== undefined && !format) throw wrong(`format is ${DISK_FORMATS.join(' or ')}`);
  const attachment = props.get('if') ?? 'none';
  if (!['none', 'virtio', 'pflash'].includes(attachment))
    throw wrong('write if=virtio, if=pflash, or if=none,id=X and a -device with drive=X');
  if (props.has('serial')) throw wrong('use if=none,id=X and -device virtio-blk-pci,drive=X,serial=S');
  if ((props.get('media') ?? 'disk') !== 'disk') throw wrong('there are disks alone here: media=disk');
  checkNames('drive', value, props.keys(), [...PROPS, ...HOST_PROPS]);
  const readOnly = parseSwitch(props.get('readonly') ?? props.get('read-only') ?? 'off');
  if (readOnly === undefined) throw wrong('readonly is on or off');
  const drive: DriveFlag = {
    file,
    id: props.get('id') ?? '',
    isReadOnly: readOnly,
    ...(format ? { format } : {}),
    ...(isOn(props.get('snapshot')) ? { isSnapshot: true } : {}),
    isVirtio: attachment === 'virtio',
  };
  // For disks, the order is that of the command line, as on QEMU.
  if (attachment === 'pflash') addFlash(options, drive, props.get('unit') ?? props.get('index'), `-drive ${value}`);
  else options.drives.push(drive);
}

/** The file and its format in one, or as two nodes of which the second names the first. */
export function applyBlockdev(options: CliOptions, value: string): void {
  const wrong = (hint: string): UserError => bad('blockdev', value, hint);
  if (value.startsWith('{')) throw wrong('write it as driver=raw,node-name=X,file.driver=file,file.filename=F');
  const props = parseProps(value.startsWith('driver=') ? value : `driver=${value}`);
  checkNames('blockdev', value, props.keys(), [...BLOCKDEV_PROPS, ...BLOCKDEV_HOST_PROPS]);
  const id = props.get('node-name');
  if (id === undefined) throw wrong('name it with node-name=');
  const readOnly = parseSwitch(props.get('read-only') ?? 'off');
  if (readOnly === undefined) throw wrong('read-only is on or off');
  const driver = props.get('driver') ?? '';
  const isFile = driver === 'file';
  const format = DISK_FORMATS.find(name => name === driver);
  if (!format && !isFile) throw wrong(`driver is file, ${DISK_FORMATS.join(' or ')}`);
  const below = options.drives.findIndex(drive => drive.id === props.get('file'));
  const file = props.get(isFile ? 'filename' : 'file.filename') ?? options.drives[below]?.file;
  if (file === undefined) throw wrong('name the image with filename=, file.filename=, or file= and its node');
  if (below >= 0) options.drives.splice(below, 1);
  options.drives.push({ file, id, isReadOnly: readOnly, format: format ?? 'raw', isVirtio: false });
}
