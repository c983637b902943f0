/**
 * hostfwd of UDP: each peer at the host's port becomes a port of the gateway, so that the guest's answers find their way
 * back. At most FLOWS_MAX peers are remembered, the least recently heard of gives way.
 */
import type { Endpoint, HostForward } from './config.ts';
import type { HostUdpSocket } from './host-sockets.ts';
import { UDP_PAYLOAD_MAX, type UdpDatagram } from './udp.ts';

const FLOWS_MAX = 256;
const DYNAMIC_PORTS = 49_152;
const PORTS = 65_536;

interface Flow {
  readonly socket: HostUdpSocket;
  readonly peer: Endpoint;
  readonly guest: Endpoint;
  /** The gateway's port that stands for the peer. */
  readonly port: number;
}

export class UdpForwards {
  /** By guest and gateway port: the order is that of use. */
  private readonly flows = new Map<string, Flow>();

  constructor(
    private readonly gateway: number,
    private readonly sendToGuest: (datagram: UdpDatagram) => void,
  ) {}

  /** A datagram came to a forwarded port. */
  fromHost(socket: HostUdpSocket, { guest }: HostForward, peer: Endpoint, payload: Uint8Array): void {
    if (payload.length > UDP_PAYLOAD_MAX) return;
    const flow = this.find(socket, guest, peer) ?? this.add(socket, guest, peer);
    this.touch(flow);
    this.sendToGuest({ source: { ip: this.gateway, port: flow.port }, destination: guest, payload });
  }

  /** A datagram of the guest for the gateway: false when it answers nobody. */
  fromGuest({ source, destination, payload }: UdpDatagram): boolean {
    const flow = this.flows.get(keyOf(source, destination.port));
    if (!flow) return false;
    this.touch(flow);
    flow.socket.send(flow.peer, payload);
    return true;
  }

  reset(): void {
    this.flows.clear();
  }

  private find(socket: HostUdpSocket, guest: Endpoint, peer: Endpoint): Flow | undefined {
    const isIt = (flow: Flow | undefined): flow is Flow =>
      flow?.socket === socket && flow.peer.ip === peer.ip && flow.peer.port === peer.port;
    const likely = this.flows.get(keyOf(guest, peer.port));
    return isIt(likely) ? likely : [...this.flows.values()].find(isIt);
  }

  private add(socket: HostUdpSocket, guest: Endpoint, peer: Endpoint): Flow {
    let { port } = peer;
    for (let next = DYNAMIC_PORTS; this.flows.has(keyOf(guest, port)) && next < PORTS; next++) port = next;
    return { socket, peer, guest, port };
  }

  private touch(flow: Flow): void {
    const key = keyOf(flow.guest, flow.port);
    this.flows.delete(key);
    if (this.flows.size >= FLOWS_MAX) this.flows.delete(this.flows.keys().next().value!);
    this.flows.set(key, flow);
  }
}

function keyOf(guest: Endpoint, port: number): string {
  return `${guest.ip}:${guest.port} ${port}`;
}
