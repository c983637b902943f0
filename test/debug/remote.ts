/** A gdb without gdb: a connection to a stub, packet by packet or by whatever bytes a test likes; and machines with one. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frame, PacketReader } from '../../emulator/debug/gdb/packets.ts';
import { QEMU_LIKE } from '../cli/cli.ts';

const ANSWER_MS = 20_000;
const TRIES = 400;
const TRY_MS = 25;
const LAST_CHARACTERS = 500;

/** A string is a Unix socket's path. */
export type RemoteAddress = string | { readonly host: string; readonly port: number };

export class Remote {
  /** Packets that nobody has taken yet. */
  readonly arrived: string[] = [];
  /** Everything that came, packets or not, one character a byte. */
  received = '';
  readonly closed: Promise<void>;
  private readonly socket: Socket;
  private wake = (): void => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = new PacketReader({
      packet: payload => this.arrived.push(payload),
      garbled: () => this.arrived.push('garbled'),
      again: () => {},
      interrupt: () => {},
    });
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      reader.push(bytes);
      this.wake();
    });
    socket.on('error', () => socket.destroy());
    this.closed = new Promise(resolve => socket.on('close', () => resolve()));
    void this.closed.then(() => this.wake());
  }

  static async to(address: RemoteAddress): Promise<Remote> {
    for (let tries = 1; ; tries++) {
      const socket = connect(typeof address === 'string' ? { path: address } : address);
      const error = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
        socket.once('connect', () => resolve(undefined));
        socket.once('error', resolve);
      });
      if (!error) return new Remote(socket);
      // A Unix socket has its name a moment before somebody listens.
      if (error.code !== 'ECONNREFUSED' || tries === TRIES) throw error;
      await new Promise(resolve => setTimeout(resolve, TRY_MS));
    }
  }

  /** What the stub answers to this packet. */
  ask(payload: string): Promise<string> {
    this.tell(payload);
    return this.next();
  }
  tell(payload: string): void {
    this.raw(frame(payload));
  }
  raw(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }
  /** Ctrl-C, and what is said then. */
  interrupt(): Promise<string> {
    this.raw(Uint8Array.of(3));
    return this.next();
  }
  leave(): void {
    this.socket.destroy();
  }

  /** The next packet that comes. */
  async next(): Promise<string> {
    await this.until(() => this.arrived.length > 0);
    return this.arrived.shift()!;
  }

  async until(isThere: () => boolean): Promise<void> {
    const end = Date.now() + ANSWER_MS;
    while (!isThere()) {
      const left = end - Date.now();
      if (left <= 0 || this.socket.destroyed)
        throw new Error(`${left > 0 ? 'closed' : 'no answer'} behind ${this.received.slice(-LAST_CHARACTERS)}`);
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** A document of the target's description, or "E00". */
  async document(annex: string): Promise<string> {
    let text = '';
    for (;;) {
      const piece = await this.ask(`qXfer:features:read:${annex}:${text.length.toString(16)},7fb`);
      if (!/^[lm]/.test(piece)) return piece;
      text += piece.slice(1);
      if (piece.startsWith('l')) return text;
    }
  }
}

/** A machine's process; `stop` must be called. */
export class Target {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  /** @param command qemu-like, or a program */
  constructor(command: string, args: readonly string[]) {
    const [program, first] = command === 'qemu-like' ? [process.execPath, [QEMU_LIKE]] : [command, []];
    this.child = spawn(program, [...first, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdin?.on('error', () => {});
    this.child.stdout?.on('data', (bytes: Buffer) => (this.stdout += bytes.toString()));
    this.child.stderr?.on('data', (bytes: Buffer) => (this.stderr += bytes.toString()));
    this.ended = new Promise(resolve => this.child.on('exit', resolve));
  }

  /** One that stands at its first instruction, and its stub's address. */
  static async waiting(
    command: string,
    args: readonly string[],
  ): Promise<{ readonly target: Target; readonly address: string }> {
    const address = join(mkdtempSync(join(tmpdir(), 'strata-gdb-')), 'gdb');
    const gdb = command === 'qemu-like' ? `unix:${address}` : `unix:${address},server=on,wait=off`;
    const target = new Target(command, ['-S', '-gdb', gdb, ...args]);
    await target.until(() => existsSync(address));
    return { target, address };
  }

  async until(isThere: () => boolean): Promise<void> {
    for (let i = 0; i < TRIES && !isThere(); i++) {
      if (this.child.exitCode !== null) break;
      await new Promise(resolve => setTimeout(resolve, TRY_MS));
    }
    if (!isThere()) throw new Error(`not there, with status ${this.child.exitCode}: ${this.stdout}${this.stderr}`);
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }
  stop(): void {
    this.child.kill('SIGKILL');
  }
}
