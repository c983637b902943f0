/**
 * What a user-mode network is made of: a value, so that a machine's configuration can be saved. Defaults and the rules
 * for addresses are QEMU's (`-netdev user`).
 */
import { UserError } from '../../base/user-error.ts';
import { BROADCAST_IP, formatIp, isLoopback, maskOf } from './addresses.ts';

export type Protocol = 'tcp' | 'udp';

/** An end of a connection. */
export interface Endpoint {
  readonly ip: number;
  readonly port: number;
}

/** A port of the host's loopback that leads into the guest. */
export interface HostForward {
  readonly protocol: Protocol;
  /** Port 0: the host chooses one. */
  readonly host: Endpoint;
  readonly guest: Endpoint;
}

/** An address of the guest's network that leads to a service of the host's loopback. TCP alone. */
export interface GuestForward {
  readonly server: Endpoint;
  readonly host: Endpoint;
}

export interface NetworkConfig {
  readonly network: number;
  readonly prefix: number;
  /** The gateway: answers ping, and is where forwarded connections come from. */
  readonly host: number;
  readonly dns: number;
  /** The first address DHCP gives; forwards without a guest address lead to it. */
  readonly dhcpStart: number;
  /** What DHCP calls the guest. */
  readonly hostname?: string;
  readonly hostForwards: readonly HostForward[];
  readonly guestForwards: readonly GuestForward[];
}

/** How many addresses DHCP has, from `dhcpStart` on. */
export const DHCP_ADDRESSES = 16;

const HOST = 2;
const DNS = 3;
const DHCP_START = 15;
const PREFIX_MAX = 27;
const PORT_MAX = 65_535;

export const DEFAULT_NETWORK = 0x0a00_0200; // 10.0.2.0
export const DEFAULT_PREFIX = 24;

/** QEMU's first card; the next ones count up. */
export function defaultMac(nth: number): Uint8Array {
  return Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56 + nth);
}

/** Fills in what is absent. An address that cannot be is a UserError. */
export function networkConfig(options: Partial<NetworkConfig> = {}): NetworkConfig {
  const { prefix = DEFAULT_PREFIX } = options;
  const mask = maskOf(prefix);
  const network = ((options.network ?? DEFAULT_NETWORK) & mask) >>> 0;
  const config: NetworkConfig = {
    network,
    prefix,
    host: options.host ?? network + HOST,
    dns: options.dns ?? network + DNS,
    dhcpStart: options.dhcpStart ?? network + DHCP_START,
    ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
    hostForwards: options.hostForwards ?? [],
    guestForwards: options.guestForwards ?? [],
  };
  check(config);
  return config;
}

/** A configuration that was written to a file, checked field by field: nobody knows who wrote it. */
export function savedNetwork(value: unknown): NetworkConfig {
  const bad = (): UserError => new UserError('the network of a saved machine: not understood', 'save it again');
  const record = (value: unknown): Record<string, unknown> => {
    if (typeof value !== 'object' || value === null) throw bad();
    return value as Record<string, unknown>;
  };
  const whole = (value: unknown, max: number): number => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw bad();
    return value;
  };
  const endpoint = (value: unknown): Endpoint => {
    const { ip, port } = record(value);
    return { ip: whole(ip, BROADCAST_IP), port: whole(port, PORT_MAX) };
  };
  const list = (value: unknown): unknown[] => {
    if (!Array.isArray(value)) throw bad();
    return value as unknown[];
  };
  const saved = record(value);
  const { hostname } = saved;
  if (hostname !== undefined && typeof hostname !== 'string') throw bad();
  return networkConfig({
    network: whole(saved['network'], BROADCAST_IP),
    prefix: whole(saved['prefix'], 32),
    host: whole(saved['host'], BROADCAST_IP),
    dns: whole(saved['dns'], BROADCAST_IP),
    dhcpStart: whole(saved['dhcpStart'], BROADCAST_IP),
    ...(hostname === undefined ? {} : { hostname }),
    hostForwards: list(saved['hostForwards']).map(one => {
      const { protocol, host, guest } = record(one);
      if (protocol !== 'tcp' && protocol !== 'udp') throw bad();
      return { protocol, host: endpoint(host), guest: endpoint(guest) };
    }),
    guestForwards: list(saved['guestForwards']).map(one => {
      const { server, host } = record(one);
      return { server: endpoint(server), host: endpoint(host) };
    }),
  });
}

/** An address of the guest's network, neither its first nor its last. */
export function isOnNetwork(config: NetworkConfig, ip: number): boolean {
  const mask = maskOf(config.prefix);
  return (ip & mask) >>> 0 === config.network && ip !== config.network && ip !== broadcastOf(config);
}

/** The network's own broadcast address. */
export function broadcastOf(config: NetworkConfig): number {
  return (config.network | (BROADCAST_IP & ~maskOf(config.prefix))) >>> 0;
}

function check(config: NetworkConfig): void {
  const { prefix, host, dns, dhcpStart } = config;
  const where = `${formatIp(config.network)}/${prefix}`;
  if (!(Number.isInteger(prefix) && prefix >= 8 && prefix <= PREFIX_MAX)) {
    throw new UserError(`network ${where}: no room for its addresses`, `give a prefix from 8 to ${PREFIX_MAX}`);
  }
  for (const [what, ip] of Object.entries({ host, dns, dhcpstart: dhcpStart })) {
    if (!isOnNetwork(config, ip))
      throw new UserError(`${what}=${formatIp(ip)} is not in the network ${where}`, 'choose an address of net=');
  }
  if (host === dns) throw new UserError(`host= and dns= are both ${formatIp(dns)}`, 'give them different addresses');
  if (!isOnNetwork(config, dhcpStart + DHCP_ADDRESSES - 1))
    throw new UserError(
      `dhcpstart=${formatIp(dhcpStart)}: less than ${DHCP_ADDRESSES} addresses are left`,
      'start lower',
    );
  const isLeased = (ip: number): boolean => ip >= dhcpStart && ip < dhcpStart + DHCP_ADDRESSES;
  if (isLeased(host) || isLeased(dns))
    throw new UserError(`DHCP would give away ${formatIp(isLeased(host) ? host : dns)}`, 'move dhcpstart=');
  const servers = new Set<string>();
  for (const { server, host: target } of config.guestForwards) {
    const name = `guestfwd ${formatIp(server.ip)}:${server.port}`;
    if (!isOnNetwork(config, server.ip))
      throw new UserError(`${name} is not in the network ${where}`, 'choose an address of net=');
    if (server.ip === host || server.ip === dns || isLeased(server.ip))
      throw new UserError(`${name}: this address has another use`, 'choose another, such as 10.0.2.100');
    if (servers.has(name)) throw new UserError(`${name} is given twice`, 'leave one out');
    servers.add(name);
    checkLoopback(name, target);
  }
  for (const { host: listen, guest } of config.hostForwards) {
    const name = `hostfwd ${formatIp(listen.ip)}:${listen.port}`;
    checkLoopback(name, listen);
    if (!isOnNetwork(config, guest.ip) || guest.ip === host || guest.ip === dns)
      throw new UserError(`${name}: ${formatIp(guest.ip)} is no address of a guest`, 'leave it empty, or use net=');
  }
}

/** The guest reaches nothing but this host, and only this host reaches the guest. */
function checkLoopback(name: string, { ip }: Endpoint): void {
  if (!isLoopback(ip))
    throw new UserError(`${name}: ${formatIp(ip)} is not of this host's loopback`, 'only 127.0.0.1 can be used');
}
