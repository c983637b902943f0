/**
 * A network of one guest and nobody else, in this process (QEMU's `-netdev user`): a gateway that answers ARP, ping and
 * DHCP, a name server that refuses, and connections through `hostfwd` and `guestfwd`. Nothing else leads out: TCP is
 * answered by a reset, everything else by ICMP, so that nobody waits in vain.
 */
import { must } from '../../base/assert.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import { TIMEBASE_HZ, type Clock, type Timer } from '../../bus/clock.ts';
import type { GuestErrorLog } from '../../bus/device.ts';
import {
  BROADCAST_IP,
  BROADCAST_MAC,
  formatIp,
  isMulticastOrReserved,
  isSameMac,
  MAC_BYTES,
  UNSPECIFIED_IP,
} from './addresses.ts';
import { Arp } from './arp.ts';
import { broadcastOf, isOnNetwork, type Endpoint, type HostForward, type NetworkConfig } from './config.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpServer } from './dhcp.ts';
import { DNS_PORT, refuseQuery } from './dns.ts';
import { buildFrame, ETHERNET_MTU, EtherType, parseFrame } from './ethernet.ts';
import type { HostListener, HostSockets, HostStream, HostUdpSocket, StreamEvents } from './host-sockets.ts';
import { answerIcmp, Unreachable, unreachable } from './icmp.ts';
import { fragmentIpv4, Reassembly } from './ipv4-fragments.ts';
import { IpProtocol, parseIpv4, type Ipv4Packet } from './ipv4.ts';
import type { NetBackend } from './net-backend.ts';
import type { ConnectionEvents, TcpConnection } from './tcp-connection.ts';
import type { PcapWriter } from './pcap.ts';
import { TcpRelay } from './tcp-relay.ts';
import { buildTcp, parseTcp } from './tcp-segment.ts';
import { Tcp } from './tcp.ts';
import { refuseTransfer, TFTP_PORT } from './tftp.ts';
import { buildUdp, parseUdp, type UdpDatagram } from './udp.ts';
import { UdpForwards } from './udp-forward.ts';

const TICKS_PER_MS = TIMEBASE_HZ / 1000;
const TICKS_PER_US = TICKS_PER_MS / 1000;

/** A port of the host that leads into the guest, and where it is in fact. */
export interface OpenForward {
  readonly forward: HostForward;
  readonly address: Endpoint;
}

export interface UserNetworkInputs {
  readonly config: NetworkConfig;
  readonly clock: Clock;
  /** Needed where the configuration has forwards. */
  readonly sockets: HostSockets | undefined;
  /** Hears what is dropped, and why. */
  readonly log: GuestErrorLog;
  readonly dumps?: readonly PcapWriter[];
  /** The time of day at power-on, for the captures. */
  readonly epochMs?: number;
  /** The host has put something in: an idle machine has something to do. */
  readonly onActivity: () => void;
}

export class UserNetwork implements NetBackend {
  onFrame: (frame: Uint8Array) => void = () => {};
  readonly config: NetworkConfig;
  /** The gateway's, as in QEMU: 52:55 and its address. */
  private readonly mac: Uint8Array;
  private readonly arp: Arp;
  private readonly dhcp: DhcpServer;
  private readonly tcp: Tcp;
  private readonly udp: UdpForwards;
  private readonly fragments: Reassembly;
  private readonly timer: Timer;
  private readonly ours: ReadonlySet<number>;
  private packetId = 0;
  private listeners: HostListener[] = [];
  private opening: Promise<readonly OpenForward[]> | undefined;

  constructor(private readonly inputs: UserNetworkInputs) {
    const { config, clock, log } = inputs;
    // Without sockets, nothing leads anywhere.
    this.config = inputs.sockets ? config : { ...config, hostForwards: [], guestForwards: [] };
    const { host } = config;
    this.mac = Uint8Array.of(0x52, 0x55, host >>> 24, host >>> 16, host >>> 8, host);
    this.ours = new Set([host, config.dns, ...this.config.guestForwards.map(({ server }) => server.ip)]);
    this.arp = new Arp({
      mac: this.mac,
      ip: host,
      isOurs: ip => this.ours.has(ip),
      isGuest: ip => isOnNetwork(config, ip) && !this.ours.has(ip),
      sendArp: (to, packet) => this.emit(buildFrame(to, this.mac, EtherType.Arp, packet)),
      sendIpv4: (to, packet) => this.emit(buildFrame(to, this.mac, EtherType.Ipv4, packet)),
    });
    this.dhcp = new DhcpServer(config);
    this.udp = new UdpForwards(host, datagram => this.sendUdp(datagram));
    this.tcp = new Tcp(
      {
        nowMs: () => clock.now() / TICKS_PER_MS,
        send: (local, remote, segment) =>
          this.sendIpv4(local.ip, remote.ip, IpProtocol.Tcp, buildTcp(local, remote, segment)),
      },
      connection => this.answer(connection),
    );
    this.fragments = new Reassembly(() => clock.now(), log);
    this.timer = clock.timer(() => {
      this.tcp.expire();
      this.settle();
    });
  }

  /** The host may put something in at any moment. */
  get hasForwards(): boolean {
    return this.config.hostForwards.length + this.config.guestForwards.length > 0;
  }

  /** Listens at the ports of `hostfwd`. A port that cannot be had is a UserError. Does nothing the second time. */
  open(): Promise<readonly OpenForward[]> {
    this.opening ??= this.listen();
    // Whoever asks for the ports hears of the failure.
    this.opening.catch(() => {});
    return this.opening;
  }

  /** Ends all that the host knows of. */
  close(): void {
    for (const listener of this.listeners) listener.close();
    this.listeners = [];
    this.opening = undefined;
    // As when a process ends: what the guest has sent still arrives.
    this.tcp.reset(false);
    this.powerOff();
  }

  /** The guest has lost its memory: its connections are gone. */
  powerOff(): void {
    this.tcp.reset();
    this.udp.reset();
    this.arp.reset();
    this.dhcp.reset();
    this.fragments.reset();
    this.plan();
  }

  transmit(bytes: Uint8Array): void {
    this.dump(bytes);
    const frame = parseFrame(bytes);
    if (!frame) {
      this.inputs.log(`ethernet: a frame of ${bytes.length} bytes`);
      return;
    }
    if (!isSameMac(frame.destination, this.mac) && !isSameMac(frame.destination, BROADCAST_MAC)) return;
    if (frame.type === EtherType.Arp) this.arp.receive(frame.payload);
    else if (frame.type === EtherType.Ipv4) this.receiveIpv4(frame.payload, frame.source);
  }

  settle(): void {
    this.tcp.flush();
    this.plan();
  }

  /** Connections are saved as what it takes to reset them: their other ends are sockets of the host. */
  save(out: StateWriter): void {
    out.u16(this.packetId);
    this.arp.save(out);
    this.dhcp.save(out);
    this.tcp.save(out);
  }
  load(from: StateReader): void {
    this.fragments.reset();
    this.udp.reset();
    this.packetId = from.u16();
    this.arp.load(from);
    this.dhcp.load(from);
    this.tcp.load(from);
    this.plan();
  }

  private emit(frame: Uint8Array): void {
    this.dump(frame);
    this.onFrame(frame);
  }

  private dump(frame: Uint8Array): void {
    const { dumps = [], epochMs = 0, clock } = this.inputs;
    for (const writer of dumps) writer.frame(epochMs * 1000 + Math.floor(clock.now() / TICKS_PER_US), frame);
  }

  private plan(): void {
    const { deadlineMs } = this.tcp;
    const deadline = deadlineMs === Infinity ? Infinity : Math.ceil(deadlineMs * TICKS_PER_MS);
    if (deadline !== this.timer.deadline) this.timer.set(deadline);
  }

  private receiveIpv4(bytes: Uint8Array, from: Uint8Array): void {
    const packet = parseIpv4(bytes);
    if (typeof packet === 'string') {
      this.inputs.log(packet);
      return;
    }
    const { source, destination } = packet;
    const isFromGuest = isOnNetwork(this.config, source) && !this.ours.has(source);
    const isBroadcast = destination === BROADCAST_IP || destination === broadcastOf(this.config);
    if (!isFromGuest && source !== UNSPECIFIED_IP) {
      this.inputs.log(`IPv4: a packet from ${formatIp(source)}, which is no address of the guest's`);
      return;
    }
    if (isFromGuest) this.arp.learn(source, from.slice(0, MAC_BYTES));
    const whole = packet.isFragment ? this.fragments.add(packet) : packet;
    if (!whole) return;
    if (isBroadcast || this.ours.has(destination)) this.deliver(whole, isFromGuest, isBroadcast);
    else if (isFromGuest && !isMulticastOrReserved(destination)) this.refuseOutside(whole);
  }

  /** A packet for the network's own side. */
  private deliver(packet: Ipv4Packet, isFromGuest: boolean, isBroadcast: boolean): void {
    if (packet.protocol === IpProtocol.Udp) this.receiveUdp(packet, isFromGuest, isBroadcast);
    else if (!isFromGuest || isBroadcast) return;
    else if (packet.protocol === IpProtocol.Tcp) this.receiveTcp(packet);
    else if (packet.protocol === IpProtocol.Icmp) this.receiveIcmp(packet);
    else this.sendUnreachable(Unreachable.Protocol, packet);
  }

  private refuseOutside(packet: Ipv4Packet): void {
    if (packet.protocol === IpProtocol.Tcp) this.receiveTcp(packet);
    else this.sendUnreachable(Unreachable.Prohibited, packet);
  }

  private receiveTcp(packet: Ipv4Packet): void {
    const segment = parseTcp(packet);
    if (typeof segment === 'string') this.inputs.log(segment);
    else this.tcp.receive(segment);
  }

  private receiveIcmp({ source, destination, payload }: Ipv4Packet): void {
    const answer = answerIcmp(payload);
    if (typeof answer === 'string') this.inputs.log(answer);
    else if (answer) this.sendIpv4(destination, source, IpProtocol.Icmp, answer);
  }

  private receiveUdp(packet: Ipv4Packet, isFromGuest: boolean, isBroadcast: boolean): void {
    const datagram = parseUdp(packet);
    if (typeof datagram === 'string') {
      this.inputs.log(datagram);
      return;
    }
    const { source, destination, payload } = datagram;
    if (destination.port === DHCP_SERVER_PORT && (isBroadcast || destination.ip === this.config.host)) {
      this.receiveDhcp(payload);
      return;
    }
    if (!isFromGuest || isBroadcast) return;
    if (destination.ip === this.config.dns && destination.port === DNS_PORT) {
      const refusal = refuseQuery(payload);
      if (refusal) this.sendUdp({ source: destination, destination: source, payload: refusal });
      return;
    }
    const isToHost = destination.ip === this.config.host;
    if (isToHost && this.udp.fromGuest(datagram)) return;
    const refusal = isToHost && destination.port === TFTP_PORT ? refuseTransfer(payload) : undefined;
    if (refusal) this.sendUdp({ source: destination, destination: source, payload: refusal });
    else this.sendUnreachable(Unreachable.Port, packet);
  }

  private receiveDhcp(message: Uint8Array): void {
    const answer = this.dhcp.answer(message);
    if (!answer) return;
    const { host } = this.config;
    const datagram = buildUdp({
      source: { ip: host, port: DHCP_SERVER_PORT },
      destination: { ip: answer.ip, port: DHCP_CLIENT_PORT },
      payload: answer.message,
    });
    const to = answer.ip === BROADCAST_IP ? BROADCAST_MAC : answer.mac;
    for (const packet of this.packets(host, answer.ip, IpProtocol.Udp, datagram))
      this.emit(buildFrame(to, this.mac, EtherType.Ipv4, packet));
  }

  private sendUnreachable(code: Unreachable, packet: Ipv4Packet): void {
    const error = unreachable(code, packet);
    const from = this.ours.has(packet.destination) ? packet.destination : this.config.host;
    if (error) this.sendIpv4(from, packet.source, IpProtocol.Icmp, error);
  }

  private sendUdp(datagram: UdpDatagram): void {
    this.sendIpv4(datagram.source.ip, datagram.destination.ip, IpProtocol.Udp, buildUdp(datagram));
  }

  private sendIpv4(source: number, destination: number, protocol: number, payload: Uint8Array): void {
    for (const packet of this.packets(source, destination, protocol, payload)) this.arp.sendTo(destination, packet);
  }

  private packets(source: number, destination: number, protocol: number, payload: Uint8Array): Uint8Array[] {
    this.packetId = (this.packetId + 1) & 0xffff;
    return fragmentIpv4({ source, destination, protocol, id: this.packetId }, payload, ETHERNET_MTU);
  }

  /** The guest calls: only the addresses of `guestfwd` answer. */
  private answer(connection: TcpConnection): ConnectionEvents | undefined {
    const { ip, port } = connection.local;
    const forward = this.config.guestForwards.find(({ server }) => server.ip === ip && server.port === port);
    if (!forward) return undefined;
    const relay = this.relay(connection);
    relay.stream = must(this.inputs.sockets, 'sockets for a forward').connectTcp(forward.host, relay);
    return relay;
  }

  private relay(connection: TcpConnection): TcpRelay {
    return new TcpRelay(connection, () => this.hostActed());
  }

  /** At the end of everything that the host's event loop does here. */
  private hostActed(): void {
    this.settle();
    this.inputs.onActivity();
  }

  private async listen(): Promise<readonly OpenForward[]> {
    const forwards = this.config.hostForwards;
    const listeners = forwards.map(forward =>
      forward.protocol === 'tcp' ? this.listenTcp(forward) : this.bindUdp(forward),
    );
    this.listeners = listeners;
    const addresses = await Promise.all(listeners.map(({ address }) => address));
    return forwards.map((forward, i) => ({ forward, address: addresses[i]! }));
  }

  private listenTcp(forward: HostForward): HostListener {
    const { sockets } = this.inputs;
    return must(sockets, 'sockets for a forward').listenTcp(forward.host, (stream, peer) =>
      this.called(forward, stream, peer),
    );
  }

  /** Somebody on the host calls the guest. */
  private called({ guest }: HostForward, stream: HostStream, peer: Endpoint): StreamEvents | undefined {
    let relay: TcpRelay | undefined;
    this.tcp.connect(this.config.host, peer.port, guest, connection => {
      relay = this.relay(connection);
      relay.stream = stream;
      return relay;
    });
    this.hostActed();
    return relay;
  }

  private bindUdp(forward: HostForward): HostListener {
    const { sockets } = this.inputs;
    const socket: HostUdpSocket = must(sockets, 'sockets for a forward').bindUdp(forward.host, (peer, bytes) => {
      this.udp.fromHost(socket, forward, peer, bytes);
      this.hostActed();
    });
    return socket;
  }
}
