/** QEMU's words for a user-mode network (`-netdev user,…`), turned into its configuration. One row for each word. */
import { UserError } from '../../base/user-error.ts';
import { parseIp } from './addresses.ts';
import {
  DEFAULT_NETWORK,
  DEFAULT_PREFIX,
  networkConfig,
  type Endpoint,
  type GuestForward,
  type HostForward,
  type NetworkConfig,
} from './config.ts';

/** Name and value, in the order given; hostfwd and guestfwd may be repeated. */
export type NetworkOption = readonly [name: string, value: string];

interface Draft {
  network?: number;
  prefix?: number;
  host?: number;
  dns?: number;
  dhcpStart?: number;
  hostname?: string;
  readonly hostForwards: Unplaced[];
  readonly guestForwards: GuestForward[];
}

/** A forward to the guest that DHCP's first address belongs to, until that is known. */
type Unplaced = Omit<HostForward, 'guest'> & {
  readonly guest: { readonly ip: number | undefined; readonly port: number };
};

interface Row {
  readonly name: string;
  readonly argument: string;
  apply(draft: Draft, value: string): void;
}

const ROWS: readonly Row[] = [
  { name: 'net', argument: 'ADDR[/BITS]', apply: applyNet },
  { name: 'host', argument: 'ADDR', apply: (draft, value) => (draft.host = address('host', value)) },
  { name: 'dns', argument: 'ADDR', apply: (draft, value) => (draft.dns = address('dns', value)) },
  { name: 'dhcpstart', argument: 'ADDR', apply: (draft, value) => (draft.dhcpStart = address('dhcpstart', value)) },
  { name: 'hostname', argument: 'NAME', apply: (draft, value) => (draft.hostname = value) },
  {
    name: 'hostfwd',
    argument: 'tcp|udp:[127.0.0.1]:PORT-[GUEST]:PORT',
    apply: (draft, value) => draft.hostForwards.push(hostForward(value)),
  },
  {
    name: 'guestfwd',
    argument: 'tcp:ADDR:PORT-tcp:127.0.0.1:PORT',
    apply: (draft, value) => draft.guestForwards.push(guestForward(value)),
  },
  {
    name: 'restrict',
    argument: 'on',
    apply: only('restrict', ['on', 'yes', 'y'], 'the network has no outside: leave it out'),
  },
  { name: 'ipv4', argument: 'on', apply: only('ipv4', ['on'], 'leave it out') },
  { name: 'ipv6', argument: 'off', apply: only('ipv6', ['off'], 'there is no IPv6: leave it out') },
];

export const NETWORK_OPTION_NAMES: readonly string[] = ROWS.map(({ name }) => name);

/** A word that is not known, or not understood, is a UserError. */
export function networkFromOptions(options: readonly NetworkOption[]): NetworkConfig {
  const draft: Draft = { hostForwards: [], guestForwards: [] };
  for (const [name, value] of options) {
    const row = ROWS.find(row => row.name === name);
    if (!row) throw new UserError(`network option ${name}: not known`, `known are ${NETWORK_OPTION_NAMES.join(', ')}`);
    row.apply(draft, value);
  }
  const { dhcpStart } = networkConfig({ ...draft, hostForwards: [], guestForwards: [] });
  const hostForwards = draft.hostForwards.map(({ guest, ...forward }) => ({
    ...forward,
    guest: { ip: guest.ip ?? dhcpStart, port: guest.port },
  }));
  return networkConfig({ ...draft, hostForwards });
}

function bad(name: string, value: string, hint: string): UserError {
  return new UserError(`${name}=${value}: not understood`, hint);
}

function only(name: string, values: readonly string[], hint: string): Row['apply'] {
  return (_draft, value) => {
    if (!values.includes(value)) throw new UserError(`${name}=${value} is not possible`, hint);
  };
}

function address(name: string, value: string): number {
  const ip = parseIp(value);
  if (ip === undefined) throw bad(name, value, 'write an address such as 10.0.2.2');
  return ip;
}

function applyNet(draft: Draft, value: string): void {
  const [text, bits] = value.split('/') as [string, string | undefined];
  draft.network = address('net', text);
  if (bits === undefined)
    draft.prefix = draft.network === DEFAULT_NETWORK ? DEFAULT_PREFIX : classPrefix(draft.network);
  else if (/^\d{1,2}$/.test(bits)) draft.prefix = Number(bits);
  else throw bad('net', value, 'write net=10.0.2.0/24');
}

/** Without a prefix, QEMU goes by the address's old class. */
function classPrefix(network: number): number {
  const first = network >>> 24;
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

function port(text: string, min: number): number | undefined {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return value >= min && value <= 65_535 ? value : undefined;
}

function hostForward(value: string): Unplaced {
  const hint = 'write hostfwd=tcp:127.0.0.1:8080-:80';
  const match = /^(tcp|udp|):([\d.]*):(\d+)-([\d.]*):(\d+)$/.exec(value);
  if (!match) throw bad('hostfwd', value, hint);
  const [, protocol, hostIp, hostPort, guestIp, guestPort] = match as unknown as string[];
  const host = { ip: hostIp ? address('hostfwd', hostIp) : parseIp('127.0.0.1')!, port: port(hostPort!, 0) };
  const guest = { ip: guestIp ? address('hostfwd', guestIp) : undefined, port: port(guestPort!, 1) };
  if (host.port === undefined || guest.port === undefined)
    throw bad('hostfwd', value, `${hint}, with ports below 65536`);
  return {
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    host: host as Endpoint,
    guest: { ip: guest.ip, port: guest.port },
  };
}

function guestForward(value: string): GuestForward {
  const hint = 'write guestfwd=tcp:10.0.2.100:1234-tcp:127.0.0.1:5555';
  const match = /^(?:tcp)?:([\d.]+):(\d+)-tcp:([\w.]+):(\d+)$/.exec(value);
  if (!match) throw bad('guestfwd', value, hint);
  const [, serverIp, serverPort, hostName, hostPort] = match as unknown as string[];
  const server = { ip: address('guestfwd', serverIp!), port: port(serverPort!, 1) };
  const ip = address('guestfwd', hostName === 'localhost' ? '127.0.0.1' : hostName!);
  const host = { ip, port: port(hostPort!, 1) };
  if (server.port === undefined || host.port === undefined)
    throw bad('guestfwd', value, `${hint}, with ports from 1 to 65535`);
  return { server: server as Endpoint, host: host as Endpoint };
}
