/**
 * Address resolution (RFC 826): answers for the network's own addresses, learns the guest's, and holds packets for an
 * address that has been asked for and not been answered. Entries are few: the guest may not make us remember more.
 */
import { viewOf } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import { BROADCAST_MAC, isGroupMac, isSameMac, MAC_BYTES, UNSPECIFIED_IP } from './addresses.ts';

const PACKET_BYTES = 28;
const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;
const REQUEST = 1;
const REPLY = 2;

const ENTRIES_MAX = 64;
const HELD_PACKETS_MAX = 64;

export interface ArpPort {
  readonly mac: Uint8Array;
  /** From which of our addresses we ask. */
  readonly ip: number;
  /** Does this address belong to the network's side? */
  isOurs(ip: number): boolean;
  /** May a guest have this address? */
  isGuest(ip: number): boolean;
  sendArp(destination: Uint8Array, packet: Uint8Array): void;
  sendIpv4(destination: Uint8Array, packet: Uint8Array): void;
}

export class Arp {
  private readonly entries = new Map<number, Uint8Array>();
  /** Packets that wait for an answer, oldest first. */
  private held: { readonly ip: number; readonly packet: Uint8Array }[] = [];

  constructor(private readonly port: ArpPort) {}

  /** Takes what came in an ARP frame. */
  receive(packet: Uint8Array): void {
    if (packet.length < PACKET_BYTES) return;
    const view = viewOf(packet);
    const isIpv4OverEthernet =
      view.getUint16(0) === HARDWARE_ETHERNET &&
      view.getUint16(2) === PROTOCOL_IPV4 &&
      view.getUint8(4) === MAC_BYTES &&
      view.getUint8(5) === 4;
    if (!isIpv4OverEthernet) return;
    const operation = view.getUint16(6);
    const senderMac = packet.slice(8, 14);
    const senderIp = view.getUint32(14);
    const targetIp = view.getUint32(24);
    this.learn(senderIp, senderMac);
    if (operation !== REQUEST || !this.port.isOurs(targetIp)) return;
    const { mac } = this.port;
    this.port.sendArp(senderMac, build(REPLY, { mac, ip: targetIp }, { mac: senderMac, ip: senderIp }));
  }

  /** `ip` is at `mac`: from ARP, DHCP or any packet. */
  learn(ip: number, mac: Uint8Array): void {
    if (ip === UNSPECIFIED_IP || isGroupMac(mac) || !this.port.isGuest(ip)) return;
    const known = this.entries.get(ip);
    if (known && isSameMac(known, mac)) return;
    this.entries.delete(ip);
    if (this.entries.size >= ENTRIES_MAX) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(ip, mac.slice());
    const ready = this.held.filter(held => held.ip === ip);
    if (ready.length === 0) return;
    this.held = this.held.filter(held => held.ip !== ip);
    for (const { packet } of ready) this.port.sendIpv4(mac, packet);
  }

  /** Sends an IPv4 packet to a neighbour, now or when its address is known. */
  sendTo(ip: number, packet: Uint8Array): void {
    const mac = this.entries.get(ip);
    if (mac) {
      this.port.sendIpv4(mac, packet);
      return;
    }
    if (this.held.length >= HELD_PACKETS_MAX) this.held.shift();
    this.held.push({ ip, packet });
    // Who sends again asks again: TCP and the programs of the host do.
    const asked = { mac: new Uint8Array(MAC_BYTES), ip };
    this.port.sendArp(BROADCAST_MAC, build(REQUEST, { mac: this.port.mac, ip: this.port.ip }, asked));
  }

  reset(): void {
    this.entries.clear();
    this.held = [];
  }

  save(out: StateWriter): void {
    out.u32(this.entries.size);
    for (const [ip, mac] of this.entries) {
      out.u32(ip);
      out.bytes(mac);
    }
  }
  load(from: StateReader): void {
    this.reset();
    for (let n = from.u32(); n > 0; n--) {
      const ip = from.u32();
      this.entries.set(ip, from.bytes());
    }
  }
}

interface Station {
  readonly mac: Uint8Array;
  readonly ip: number;
}

function build(operation: number, sender: Station, target: Station): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES);
  const view = viewOf(packet);
  view.setUint16(0, HARDWARE_ETHERNET);
  view.setUint16(2, PROTOCOL_IPV4);
  view.setUint8(4, MAC_BYTES);
  view.setUint8(5, 4);
  view.setUint16(6, operation);
  packet.set(sender.mac, 8);
  view.setUint32(14, sender.ip);
  packet.set(target.mac, 18);
  view.setUint32(24, target.ip);
  return packet;
}
