/**
 * The host end of the agent protocol (docs/agent-protocol.md) over any byte channel: our machine's virtio-console, or a
 * socket to QEMU's. Knows nothing of time: who waits decides for how long.
 */
import { concatBytes, utf8, viewOf } from '../base/bytes.ts';
import { encodeFrame, FrameReader, FrameType, PAYLOAD_MAX, PROTOCOL_VERSION, type Frame } from './frames.ts';

const EXEC_HAS_STDIN = 1;
const STDIN_WINDOW = 65536;
const STDIN_PIECE = 4096;
const ID_MAX = 0xffff;

export interface ExecRequest {
  readonly argv: readonly string[];
  /** Added to the agent's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Standard input will come through `Command.write`; otherwise it is /dev/null. */
  readonly hasStdin?: boolean;
}

export interface ExecListener {
  onStdout(bytes: Uint8Array): void;
  onStderr(bytes: Uint8Array): void;
  onExit(status: number, signal: number): void;
  /** The agent started anew and knows nothing of the command. */
  onLost(): void;
}

/** A command that runs in the guest. */
export class Command {
  private readonly queue: Uint8Array[] = [];
  private window = STDIN_WINDOW;
  private isClosing = false;
  /** Called when everything written has been sent: room for more. */
  onDrained: () => void = () => {};

  constructor(
    private readonly client: AgentClient,
    readonly id: number,
    readonly listener: ExecListener,
  ) {}

  /** Bytes for its standard input; kept here until the guest has room. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += STDIN_PIECE) this.queue.push(bytes.slice(at, at + STDIN_PIECE));
    this.flush();
  }
  closeStdin(): void {
    this.isClosing = true;
    this.flush();
  }
  signal(number: number): void {
    this.client.sendFrame({ type: FrameType.Signal, id: this.id, payload: u32(number) });
  }
  credit(bytes: number): void {
    this.window += bytes;
    this.flush();
    if (this.queue.length === 0) this.onDrained();
  }
  get hasBacklog(): boolean {
    return this.queue.length > 0;
  }

  private flush(): void {
    for (let piece = this.queue[0]; piece && piece.length <= this.window; piece = this.queue[0]) {
      this.window -= piece.length;
      this.queue.shift();
      this.client.sendFrame({ type: FrameType.Stdin, id: this.id, payload: piece });
    }
    if (this.isClosing && this.queue.length === 0) {
      this.isClosing = false;
      this.client.sendFrame({ type: FrameType.Stdin, id: this.id, payload: new Uint8Array(0) });
    }
  }
}

export class AgentClient {
  /** The agent has said HELLO: commands may be sent. */
  isReady = false;
  onReady: () => void = () => {};
  private reader = new FrameReader();
  private readonly commands = new Map<number, Command>();
  private lastId = 0;

  /** @param send puts bytes on the channel, in order */
  constructor(private readonly send: (bytes: Uint8Array) => void) {}

  /** Bytes that came off the channel. */
  receive(bytes: Uint8Array): void {
    for (const frame of this.reader.push(bytes)) this.handle(frame);
  }

  /** Asks an agent that may already run to introduce itself; it drops commands of an earlier host. */
  hello(): void {
    this.sendFrame({ type: FrameType.Hello, id: 0, payload: u32(PROTOCOL_VERSION) });
  }

  /** The guest was taken back to a moment when its agent was ready and idle: what was under way is gone. */
  rewind(): void {
    this.reader = new FrameReader();
    this.commands.clear();
    this.isReady = true;
  }

  /** Precondition: `isReady`, and the request fits a frame (`execPayload` throws otherwise). */
  exec(request: ExecRequest, listener: ExecListener): Command {
    const payload = execPayload(request);
    const command = new Command(this, this.freeId(), listener);
    this.commands.set(command.id, command);
    this.sendFrame({ type: FrameType.Exec, id: command.id, payload });
    return command;
  }

  /** The size of the terminal that the guest's console is shown on. */
  setWindowSize(rows: number, columns: number): void {
    const payload = new Uint8Array(4);
    viewOf(payload).setUint16(0, rows, true);
    viewOf(payload).setUint16(2, columns, true);
    this.sendFrame({ type: FrameType.Winsize, id: 0, payload });
  }

  sendFrame(frame: Frame): void {
    this.send(encodeFrame(frame));
  }

  private handle({ type, id, payload }: Frame): void {
    if (type === FrameType.GuestHello) {
      this.greet();
      return;
    }
    const command = this.commands.get(id);
    if (!command) return;
    switch (type) {
      case FrameType.Stdout:
        command.listener.onStdout(payload);
        break;
      case FrameType.Stderr:
        command.listener.onStderr(payload);
        break;
      case FrameType.Credit:
        if (payload.length >= 4) command.credit(viewOf(payload).getUint32(0, true));
        break;
      case FrameType.Exit:
        if (payload.length < 8) break;
        this.commands.delete(id);
        command.listener.onExit(viewOf(payload).getUint32(0, true), viewOf(payload).getUint32(4, true));
        break;
      default:
    }
  }

  private greet(): void {
    const lost = [...this.commands.values()];
    this.commands.clear();
    this.isReady = true;
    for (const command of lost) command.listener.onLost();
    this.onReady();
  }

  private freeId(): number {
    do this.lastId = (this.lastId % ID_MAX) + 1;
    while (this.commands.has(this.lastId));
    return this.lastId;
  }
}

function execPayload({ argv, env = {}, cwd = '', hasStdin = false }: ExecRequest): Uint8Array {
  const additions = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const strings = [cwd, ...argv, ...additions].map(text => {
    if (text.includes('\0')) throw new Error(`a NUL byte cannot be passed to a command: ${JSON.stringify(text)}`);
    return utf8(`${text}\0`);
  });
  const flags = hasStdin ? EXEC_HAS_STDIN : 0;
  const payload = concatBytes([u32(flags), u32(argv.length), u32(additions.length), ...strings]);
  if (payload.length > PAYLOAD_MAX)
    throw new Error(`a command of ${payload.length} bytes, at most ${PAYLOAD_MAX} can be sent`);
  return payload;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}
