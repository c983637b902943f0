/**
 * Joins a connection with the guest to a stream of the host: bytes, ends and resets go through, and who is slower slows
 * the other down. Either side may be there first.
 */
import type { HostStream, StreamEvents } from './host-sockets.ts';
import type { ConnectionEvents, TcpConnection } from './tcp-connection.ts';

/** The host's bytes wait here for the guest: above the first the host is paused, below the second it goes on. */
const QUEUE_HIGH = 256 * 1024;
const QUEUE_LOW = 64 * 1024;

export class TcpRelay implements ConnectionEvents, StreamEvents {
  /** Set by who makes the relay, before anything can happen. */
  stream!: HostStream;
  private isPaused = true;
  private isStreamClosed = false;
  private isOpen = false;
  private isEnded = false;
  /** Given to the host, which has not taken them yet. */
  private unsent = 0;

  /** @param after runs at the end of whatever the host's event loop does to the connection */
  constructor(
    private readonly connection: TcpConnection,
    private readonly after: () => void,
  ) {}

  // From the guest's side

  onOpen(): void {
    this.isOpen = true;
    this.resume();
  }

  onData(bytes: Uint8Array): void {
    if (this.isStreamClosed) return;
    if (this.stream.write(bytes)) this.connection.consumed(bytes.length);
    else this.unsent += bytes.length;
  }

  onEnd(): void {
    this.isEnded = true;
    if (!this.isStreamClosed) this.stream.end();
  }

  onSpace(): void {
    this.resume();
  }

  onClosed(isError: boolean): void {
    if (this.isStreamClosed) return;
    this.isStreamClosed = true;
    // Who had said goodbye wants its last words delivered.
    if (isError && !this.isEnded) this.stream.reset();
    else this.stream.close();
  }

  // From the host's side

  onConnect(): void {
    this.connection.accept();
    this.after();
  }

  onHostData(bytes: Uint8Array): void {
    this.connection.send(bytes);
    if (this.connection.queued > QUEUE_HIGH && !this.isPaused) {
      this.isPaused = true;
      this.stream.pause();
    }
    this.after();
  }

  onHostEnd(): void {
    this.connection.close();
    this.after();
  }

  onHostDrain(): void {
    const { unsent } = this;
    this.unsent = 0;
    this.connection.consumed(unsent);
    this.after();
  }

  onHostClose(isError: boolean): void {
    if (this.isStreamClosed) return;
    this.isStreamClosed = true;
    if (isError) this.connection.abort();
    this.after();
  }

  private resume(): void {
    if (!this.isPaused || !this.isOpen || this.isStreamClosed || this.connection.queued > QUEUE_LOW) return;
    this.isPaused = false;
    this.stream.resume();
  }
}
