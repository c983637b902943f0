/**
 * What the network needs of its host: TCP and UDP on the host's loopback. The host calls back from its event loop,
 * between slices of the guest, never from inside these methods.
 */
import type { Endpoint } from './config.ts';

/** One TCP connection of the host. Both directions close by themselves; `onHostClose` is the last call. */
export interface HostStream {
  /** False: the host has more than it likes to hold; `onHostDrain` follows. The bytes are the callee's. */
  write(bytes: Uint8Array): boolean;
  /** No more bytes from the guest. */
  end(): void;
  /** Away with it when all that was written is out. */
  close(): void;
  /** Away with it, by RST where the host can. */
  reset(): void;
  pause(): void;
  resume(): void;
}

export interface StreamEvents {
  /** Of an outgoing connection: it stands. */
  onConnect(): void;
  /** The bytes are the callee's. */
  onHostData(bytes: Uint8Array): void;
  /** The other side sends no more. */
  onHostEnd(): void;
  onHostDrain(): void;
  /** @param isError refused, reset, … */
  onHostClose(isError: boolean): void;
}

/** A listening or bound socket. */
export interface HostListener {
  /** Where it listens; rejected with a UserError where it cannot. */
  readonly address: Promise<Endpoint>;
  close(): void;
}

export interface HostUdpSocket extends HostListener {
  send(peer: Endpoint, bytes: Uint8Array): void;
}

/** Precondition of all three: the address is of the loopback. */
export interface HostSockets {
  connectTcp(to: Endpoint, events: StreamEvents): HostStream;
  /** A new connection is paused until `resume`. `onStream` returns undefined to refuse it. */
  listenTcp(at: Endpoint, onStream: (stream: HostStream, peer: Endpoint) => StreamEvents | undefined): HostListener;
  bindUdp(at: Endpoint, onDatagram: (peer: Endpoint, bytes: Uint8Array) => void): HostUdpSocket;
}
