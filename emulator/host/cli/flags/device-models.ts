/** What `-device` knows, one row for each model: QEMU's names, where it sits, and which properties it takes. */
import { UserError } from '../../../base/user-error.ts';
import { VIRTIO_SLOTS, type PciAddress, type VirtioPlace } from '../../../machine/config.ts';
import type { DeviceFlag } from './options.ts';
import { nearestHint } from './nearest.ts';

export interface DeviceModel {
  readonly name: string;
  /** QEMU's short name for it. */
  readonly alias?: string;
  readonly kind: 'blk' | 'console' | 'rng' | 'port' | 'net' | 'loader';
  /** A port sits on the console in front of it. */
  readonly bus?: 'mmio' | 'pci';
  /** Beside `id`, and what its bus brings. */
  readonly props: readonly string[];
}

export const DEVICE_MODELS: readonly DeviceModel[] = [
  { name: 'virtio-blk-pci', alias: 'virtio-blk', kind: 'blk', bus: 'pci', props: ['drive', 'serial'] },
  { name: 'virtio-blk-device', kind: 'blk', bus: 'mmio', props: ['drive', 'serial'] },
  { name: 'virtio-net-pci', alias: 'virtio-net', kind: 'net', bus: 'pci', props: ['netdev', 'mac'] },
  { name: 'virtio-net-device', kind: 'net', bus: 'mmio', props: ['netdev', 'mac'] },
  { name: 'virtio-serial-pci', alias: 'virtio-serial', kind: 'console', bus: 'pci', props: ['max_ports'] },
  { name: 'virtio-serial-device', kind: 'console', bus: 'mmio', props: ['max_ports'] },
  { name: 'virtconsole', kind: 'port', props: ['chardev', 'name'] },
  { name: 'virtserialport', kind: 'port', props: ['chardev', 'name'] },
  { name: 'virtio-rng-pci', alias: 'virtio-rng', kind: 'rng', bus: 'pci', props: ['rng'] },
  { name: 'virtio-rng-device', kind: 'rng', bus: 'mmio', props: ['rng'] },
  { name: 'loader', kind: 'loader', props: ['file', 'addr', 'force-raw', 'cpu-num'] },
];

/** What QEMU's host side or its firmware does with a device; nothing that a driver sees. */
const HOST_PROPS = ['bootindex', 'ioeventfd', 'romfile', 'share-rw', 'max-bytes', 'period'];
const MMIO_PROPS = ['bus'];
const PCI_PROPS = ['addr', 'bus', 'disable-legacy', 'disable-modern'];
const SLOT_MAX = 31;

const BY_NAME: ReadonlyMap<string, DeviceModel> = new Map(
  DEVICE_MODELS.flatMap(model => [model.name, ...(model.alias ? [model.alias] : [])].map(name => [name, model])),
);

/** The flag's model. Precondition: `checkDevice` has taken the flag. */
export function modelOf(flag: DeviceFlag): DeviceModel {
  return BY_NAME.get(flag.model)!;
}

/** Throws a UserError for an unknown model or property, and for a value that means nothing. */
export function checkDevice(flag: DeviceFlag): void {
  const model = BY_NAME.get(flag.model);
  if (!model) {
    const known = DEVICE_MODELS.map(({ name }) => name);
    throw new UserError(
      `-device ${flag.model}: not understood`,
      `${nearestHint(flag.model, known)}known are ${known.join(', ')}`,
    );
  }
  const props = ['id', ...model.props, ...(model.bus === 'pci' ? PCI_PROPS : model.bus === 'mmio' ? MMIO_PROPS : [])];
  for (const name of flag.props.keys()) {
    if (props.includes(name) || (model.bus && HOST_PROPS.includes(name))) continue;
    throw new UserError(
      `-device ${flag.model}: property ${name} is not known here`,
      `${nearestHint(name, props)}known are ${props.join(', ')}`,
    );
  }
  placeOf(flag);
}

/** Slot of the board's, or PCI address and PCI personality that the properties ask for. */
export function placeOf(flag: DeviceFlag): VirtioPlace {
  const { bus = 'mmio' } = modelOf(flag);
  const bad = (name: string, hint: string): UserError =>
    new UserError(`-device ${flag.model},${name}=${flag.props.get(name)}: not possible`, hint);
  const get = (name: string): string | undefined => flag.props.get(name);
  if (bus === 'mmio') {
    const name = get('bus');
    if (name === undefined) return { bus };
    const slot = /^virtio-mmio-bus\.(\d)$/.exec(name)?.[1];
    if (!(Number(slot) < VIRTIO_SLOTS))
      throw bad('bus', `write virtio-mmio-bus.0 to virtio-mmio-bus.${VIRTIO_SLOTS - 1}`);
    return { bus, slot: Number(slot) };
  }
  if ((get('bus') ?? 'pcie.0') !== 'pcie.0') throw bad('bus', 'there is one PCI bus, pcie.0');
  if (!['off', 'false'].includes(get('disable-modern') ?? 'off')) {
    throw bad('disable-modern', 'leave it out: the modern interface is always there');
  }
  const disableLegacy = get('disable-legacy') ?? 'auto';
  if (!['on', 'off', 'auto'].includes(disableLegacy)) throw bad('disable-legacy', 'write on, off or auto');
  const addrText = get('addr');
  const addr = addrText === undefined ? undefined : parseAddress(addrText);
  if (addrText !== undefined && !addr) throw bad('addr', 'write slot and function in hex: 6 or 06.0, at most 1f.7');
  return { bus, ...(addr ? { addr } : {}), ...(disableLegacy === 'on' ? { isModernOnly: true } : {}) };
}

function parseAddress(text: string): PciAddress | undefined {
  const match = /^(?:0x)?([0-9a-f]{1,2})(?:\.([0-7]))?$/i.exec(text);
  if (!match) return undefined;
  const slot = parseInt(match[1]!, 16);
  return slot <= SLOT_MAX ? { slot, fn: Number(match[2] ?? 0) } : undefined;
}
