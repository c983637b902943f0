/**
 * A DHCP server (RFC 2131, options of RFC 2132) with DHCP_ADDRESSES addresses. An address belongs to the MAC that first
 * got it for as long as the machine lives, so a lease never runs out in fact, whatever time it names.
 */
import { utf8, viewOf } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import { BROADCAST_IP, formatMac, isGroupMac, MAC_BYTES, maskOf } from './addresses.ts';
import { broadcastOf, DHCP_ADDRESSES, type NetworkConfig } from './config.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const HARDWARE_ETHERNET = 1;
const MAGIC_COOKIE = 0x6382_5363;
/** Fixed fields, up to and with the cookie. */
const FIXED_BYTES = 240;
/** Clients may not read longer messages, nor (BOOTP) shorter ones. */
const MESSAGE_BYTES = 300;
const HOSTNAME_MAX = 63;

const Field = {
  Op: 0,
  Htype: 1,
  Hlen: 2,
  Xid: 4,
  Flags: 10,
  Ciaddr: 12,
  Yiaddr: 16,
  Siaddr: 20,
  Chaddr: 28,
  Cookie: 236,
};

const Option = {
  Pad: 0,
  SubnetMask: 1,
  Router: 3,
  DomainNameServer: 6,
  HostName: 12,
  BroadcastAddress: 28,
  RequestedAddress: 50,
  LeaseTime: 51,
  MessageType: 53,
  ServerIdentifier: 54,
  Message: 56,
  End: 255,
} as const;

const Type = { Discover: 1, Offer: 2, Request: 3, Decline: 4, Ack: 5, Nak: 6, Release: 7, Inform: 8 } as const;

const LEASE_SECONDS = 24 * 60 * 60;

export interface DhcpAnswer {
  readonly message: Uint8Array;
  readonly mac: Uint8Array;
  /** Where it goes: the client's address, or the broadcast address. */
  readonly ip: number;
}

export class DhcpServer {
  /** The owner of each address from `dhcpStart` on, as text. */
  private owners: (string | undefined)[] = [];

  constructor(private readonly config: NetworkConfig) {}

  /** The answer to a client's message, if there is one. */
  answer(message: Uint8Array): DhcpAnswer | undefined {
    if (message.length < FIXED_BYTES) return undefined;
    const view = viewOf(message);
    const isRequest =
      message[Field.Op] === BOOTREQUEST &&
      message[Field.Htype] === HARDWARE_ETHERNET &&
      message[Field.Hlen] === MAC_BYTES &&
      view.getUint32(Field.Cookie) === MAGIC_COOKIE;
    if (!isRequest) return undefined;
    const mac = message.slice(Field.Chaddr, Field.Chaddr + MAC_BYTES);
    if (isGroupMac(mac)) return undefined;
    const options = readOptions(message.subarray(FIXED_BYTES));
    const server = addressOf(options.get(Option.ServerIdentifier));
    if (server !== undefined && server !== this.config.host) return undefined;
    const ciaddr = view.getUint32(Field.Ciaddr);
    switch (options.get(Option.MessageType)?.[0]) {
      case Type.Discover: {
        const ip = this.addressFor(mac, addressOf(options.get(Option.RequestedAddress)));
        return ip === undefined ? undefined : this.reply(message, mac, Type.Offer, ip);
      }
      case Type.Request: {
        const wanted = addressOf(options.get(Option.RequestedAddress)) ?? ciaddr;
        const ip = this.addressFor(mac, wanted);
        return ip === wanted ? this.reply(message, mac, Type.Ack, ip) : this.reply(message, mac, Type.Nak, undefined);
      }
      case Type.Inform:
        return this.reply(message, mac, Type.Ack, undefined);
      case Type.Release:
      case Type.Decline:
        this.forget(mac);
        return undefined;
      default:
        return undefined;
    }
  }

  reset(): void {
    this.owners = [];
  }
  save(out: StateWriter): void {
    for (let i = 0; i < DHCP_ADDRESSES; i++) out.text(this.owners[i] ?? '');
  }
  load(from: StateReader): void {
    this.owners = Array.from({ length: DHCP_ADDRESSES }, () => from.text() || undefined);
  }

  /** The client's own address; else the one it wants, if free; else the first free one. */
  private addressFor(mac: Uint8Array, wanted: number | undefined): number | undefined {
    const { dhcpStart } = this.config;
    const owner = formatMac(mac);
    let index = this.owners.indexOf(owner);
    if (index < 0 && wanted !== undefined && this.isFree(wanted - dhcpStart)) index = wanted - dhcpStart;
    for (let i = 0; index < 0 && i < DHCP_ADDRESSES; i++) if (this.isFree(i)) index = i;
    if (index < 0) return undefined;
    this.owners[index] = owner;
    return dhcpStart + index;
  }

  private isFree(index: number): boolean {
    return index >= 0 && index < DHCP_ADDRESSES && this.owners[index] === undefined;
  }

  private forget(mac: Uint8Array): void {
    const index = this.owners.indexOf(formatMac(mac));
    if (index >= 0) this.owners[index] = undefined;
  }

  /** @param yiaddr the client's address; undefined for NAK and the answer to INFORM */
  private reply(request: Uint8Array, mac: Uint8Array, type: number, yiaddr: number | undefined): DhcpAnswer {
    const { config } = this;
    const asked = viewOf(request);
    const ciaddr = asked.getUint32(Field.Ciaddr);
    const isNak = type === Type.Nak;
    const options: number[] = [];
    const put = (option: number, value: Uint8Array): void => void options.push(option, value.length, ...value);
    put(Option.MessageType, Uint8Array.of(type));
    put(Option.ServerIdentifier, bytesOf(config.host));
    if (isNak) put(Option.Message, utf8('requested address not available'));
    else {
      put(Option.SubnetMask, bytesOf(maskOf(config.prefix)));
      put(Option.BroadcastAddress, bytesOf(broadcastOf(config)));
      put(Option.Router, bytesOf(config.host));
      put(Option.DomainNameServer, bytesOf(config.dns));
      if (yiaddr !== undefined) put(Option.LeaseTime, bytesOf(LEASE_SECONDS));
      if (config.hostname !== undefined) put(Option.HostName, utf8(config.hostname).subarray(0, HOSTNAME_MAX));
    }
    options.push(Option.End);

    const message = new Uint8Array(Math.max(MESSAGE_BYTES, FIXED_BYTES + options.length));
    const view = viewOf(message);
    message[Field.Op] = BOOTREPLY;
    message[Field.Htype] = HARDWARE_ETHERNET;
    message[Field.Hlen] = MAC_BYTES;
    view.setUint32(Field.Xid, asked.getUint32(Field.Xid));
    view.setUint16(Field.Flags, asked.getUint16(Field.Flags));
    if (!isNak) view.setUint32(Field.Ciaddr, ciaddr);
    view.setUint32(Field.Yiaddr, yiaddr ?? 0);
    view.setUint32(Field.Siaddr, config.host);
    message.set(mac, Field.Chaddr);
    view.setUint32(Field.Cookie, MAGIC_COOKIE);
    message.set(options, FIXED_BYTES);
    // RFC 2131, 4.1. A client without an address can be reached by broadcast in any case.
    return { message, mac, ip: ciaddr !== 0 && !isNak ? ciaddr : BROADCAST_IP };
  }
}

/** The first of each option; a length that leads out of the message ends the list. */
function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const option = bytes[at++]!;
    if (option === Option.Pad) continue;
    if (option === Option.End) break;
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.length) break;
    if (!options.has(option)) options.set(option, bytes.subarray(at, at + length));
    at += length;
  }
  return options;
}

function addressOf(value: Uint8Array | undefined): number | undefined {
  return value?.length === 4 ? viewOf(value).getUint32(0) : undefined;
}

function bytesOf(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
