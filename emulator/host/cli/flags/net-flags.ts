/** `-netdev`, `-nic` and `-object filter-dump`: QEMU's flags for a network, and the card that a `-device` asks for. */
import { UserError } from '../../../base/user-error.ts';
import { parseMac } from '../../../device/net/addresses.ts';
import { defaultMac } from '../../../device/net/config.ts';
import { NETWORK_OPTION_NAMES, networkFromOptions } from '../../../device/net/options.ts';
import type { DeviceSpec, VirtioPlace } from '../../../machine/config.ts';
import { nodeSockets } from '../../node/sockets.ts';
import { nearestHint } from './nearest.ts';
import { parseOptions, parseProps, splitFirst } from './option-list.ts';
import type { CliOptions, DeviceFlag, DumpFlag, NetdevFlag } from './options.ts';

const NIC_MODELS = ['virtio-net-pci', 'virtio-net', 'virtio'];
const DUMP_PROPS = ['id', 'netdev', 'file', 'maxlen', 'status'];

export function applyNetdev(options: CliOptions, value: string): void {
  options.netdevs.push(parseNetdev('netdev', value, ['id'], ({ id }) => id));
}

/** A card and its network in one. `-nic none` takes back those in front of it. */
export function applyNic(options: CliOptions, value: string): void {
  if (value === 'none') {
    options.nics.length = 0;
    return;
  }
  let mac: string | undefined;
  const netdev = parseNetdev('nic', value, ['id', 'model', 'mac'], own => {
    const { model = 'virtio-net-pci' } = own;
    if (!NIC_MODELS.includes(model))
      throw new UserError(
        `-nic ${value}: model ${model} is not possible`,
        'write model=virtio-net-pci, or leave it out',
      );
    mac = own.mac;
    return own.id ?? `#nic${options.nics.length}`;
  });
  options.nics.push({ netdev, mac });
}

/** QEMU's old flag: only its `none` is still in use. */
export function applyNet(options: CliOptions, value: string): void {
  if (value !== 'none') throw new UserError(`-net ${value}: not understood`, 'write -nic user, or -nic none');
  applyNic(options, value);
}

/** `-object filter-dump`; `rest` is what stands behind the kind. */
export function applyDump(options: CliOptions, value: string, rest: string): void {
  const bad = (hint: string): UserError => new UserError(`-object ${value}: not understood`, hint);
  const props = parseProps(rest);
  const unknown = [...props.keys()].find(name => !DUMP_PROPS.includes(name));
  if (unknown !== undefined) throw bad(`${nearestHint(unknown, DUMP_PROPS)}known are ${DUMP_PROPS.join(', ')}`);
  const netdev = props.get('netdev');
  const file = props.get('file');
  if (netdev === undefined || file === undefined) throw bad('write filter-dump,id=X,netdev=N,file=F.pcap');
  const maxText = props.get('maxlen');
  if (maxText !== undefined && !/^[1-9]\d{0,5}$/.test(maxText)) throw bad('maxlen is a number of bytes');
  options.dumps.push({ netdev, file, ...(maxText === undefined ? {} : { lengthMax: Number(maxText) }) });
}

/** @param own the words that are the flag's, not the network's; @param idOf what they make the id */
function parseNetdev(
  flag: string,
  value: string,
  own: readonly string[],
  idOf: (own: Readonly<Record<string, string>>) => string | undefined,
): NetdevFlag {
  const [kind, rest] = splitFirst(value);
  if (kind !== 'user')
    throw new UserError(`-${flag} ${value}: not understood`, `only -${flag} user is possible: docs/network.md`);
  const options = parseOptions(rest);
  const known = [...own, ...NETWORK_OPTION_NAMES];
  const unknown = options.find(([name]) => !known.includes(name));
  if (unknown) {
    throw new UserError(
      `-${flag} ${value}: ${unknown[0]} is not known here`,
      `${nearestHint(unknown[0], known)}known are ${known.join(', ')}`,
    );
  }
  const id = idOf(Object.fromEntries(options.filter(([name]) => own.includes(name))));
  if (id === undefined) throw new UserError(`-${flag} ${value}: no id=`, `write -${flag} user,id=net0`);
  return { id, network: networkFromOptions(options.filter(([name]) => !own.includes(name))) };
}

/** The network cards of a command line, as they are asked for. */
export class Cards {
  private count = 0;
  private readonly used = new Set<string>();

  /** @param openDump makes the file that a capture goes to */
  constructor(
    private readonly options: CliOptions,
    private readonly openDump: (dump: DumpFlag) => (bytes: Uint8Array) => void,
  ) {
    const ids = [...options.netdevs, ...options.nics.map(({ netdev }) => netdev)].map(({ id }) => id);
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    if (twice !== undefined) throw new UserError(`netdev ${twice} is there twice`, 'give each an id of its own');
    const lost = options.dumps.find(({ netdev }) => !ids.includes(netdev));
    if (lost)
      throw new UserError(`filter-dump: no netdev has the id ${lost.netdev}`, `add -netdev user,id=${lost.netdev}`);
  }

  /** Those of `-nic`. */
  nics(): DeviceSpec[] {
    return this.options.nics.map(({ netdev, mac }) => this.card(netdev, mac, { bus: 'pci' }));
  }

  /** That of a `-device virtio-net-…`. */
  device(flag: DeviceFlag, place: VirtioPlace): DeviceSpec {
    const id = flag.props.get('netdev');
    if (id === undefined)
      throw new UserError(`-device ${flag.model}: no netdev=`, 'name the id of a -netdev: -netdev user,id=net0');
    const netdev = this.options.netdevs.find(netdev => netdev.id === id);
    if (!netdev)
      throw new UserError(`-device ${flag.model},netdev=${id}: no -netdev has that id`, `add -netdev user,id=${id}`);
    if (this.used.has(id))
      throw new UserError(`-device ${flag.model},netdev=${id}: in use`, 'give each card a -netdev of its own');
    return this.card(netdev, flag.props.get('mac'), place);
  }

  /** Every -netdev must have a card. */
  checkUsed(): void {
    const unused = this.options.netdevs.find(({ id }) => !this.used.has(id));
    if (unused)
      throw new UserError(`netdev ${unused.id}: no -device uses it`, `add -device virtio-net-pci,netdev=${unused.id}`);
  }

  private card({ id, network }: NetdevFlag, macText: string | undefined, place: VirtioPlace): DeviceSpec {
    this.used.add(id);
    const mac = macText === undefined ? defaultMac(this.count) : parseMac(macText);
    if (!mac) throw new UserError(`mac=${macText}: not understood`, 'write one such as 52:54:00:12:34:56');
    this.count++;
    const dumps = this.options.dumps
      .filter(({ netdev }) => netdev === id)
      .map(dump => ({ sink: this.openDump(dump), ...(dump.lengthMax ? { lengthMax: dump.lengthMax } : {}) }));
    return { kind: 'net', mac, network, sockets: nodeSockets, ...(dumps.length > 0 ? { dumps } : {}), ...place };
  }
}
