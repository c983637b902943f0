/**
 * A booted machine as a test sees it: run commands over the agent's channel, read and type at the console, take
 * moments and go back to them. The machine runs only while something is awaited, so that under virtual time a test is a
 * function of its inputs. Every wait has a deadline in guest time; when the machine ends, all waits are rejected with
 * the console's tail.
 */
import { assert } from '../base/assert.ts';
import { utf8 } from '../base/bytes.ts';
import { NS_PER_TICK, type Timer } from '../bus/clock.ts';
import { UserError } from '../base/user-error.ts';
import type { Protocol } from '../device/net/config.ts';
import type { MachineConfig } from '../machine/config.ts';
import { drive } from '../machine/drive.ts';
import { Machine } from '../machine/machine.ts';
import { emptyTwin, SnapshotKeeper, type Snapshot } from '../machine/snapshot/snapshot.ts';
import type { SnapshotHost } from '../machine/snapshot/configuration.ts';
import { loadSnapshot } from '../machine/snapshot/load.ts';
import { saveSnapshot } from '../machine/snapshot/save.ts';
import { AgentClient, type ExecRequest } from './agent-client.ts';
import { parseSession, sessionText } from './snapshot-session.ts';
import { Waits } from './waits.ts';

const COMMAND_TIMEOUT_MS = 30_000;
const BOOT_TIMEOUT_MS = 60_000;
const TICKS_PER_MS = 1e6 / NS_PER_TICK;
const CONSOLE_TAIL = 2000;
const SIGKILL = 9;

export interface CommandOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Guest time. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  /** The command's status; 128 + signal when one killed it. */
  readonly exitCode: number;
  /** 0 when it exited by itself. */
  readonly signal: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A moment of a Vm; only that Vm, or a fork of it, can go back there. */
export interface VmSnapshot {
  readonly machine: Snapshot;
  readonly console: string;
  readonly isAgentReady: boolean;
}

/** Powers a machine on and waits for its agent. */
export async function boot(config: MachineConfig, timeoutMs = BOOT_TIMEOUT_MS): Promise<Vm> {
  const vm = Vm.powerOn(config);
  // A port that cannot be had is heard of before the boot.
  await Promise.all(vm.machine.networks.map(network => network.open()));
  await vm.waitForAgent(timeoutMs);
  return vm;
}

export class Vm {
  /** Everything the guest has printed on its serial console. */
  console = '';
  private readonly decoder = new TextDecoder('utf-8');
  private readonly keeper: SnapshotKeeper;
  private readonly agent: AgentClient;
  private readonly waits = new Waits(() => this.waitsChanged());
  private readonly deadline: Timer;
  private consoleWatchers: (() => void)[] = [];
  private readonly exitWaits: ((status: number) => void)[] = [];
  private isPumping = false;

  private constructor(readonly machine: Machine) {
    this.keeper = new SnapshotKeeper(machine);
    this.agent = new AgentClient(bytes => machine.sendToAgent(bytes));
    this.deadline = machine.timers.timer(() => this.expire());
    machine.onConsole = bytes => this.print(bytes);
    if (machine.virtioConsole) machine.virtioConsole.onData = bytes => this.agent.receive(bytes);
    this.openNetworks();
  }

  /** A machine that has just been switched on; nothing has run yet. */
  static powerOn(config: MachineConfig): Vm {
    const machine = new Machine(config);
    machine.powerOn();
    return new Vm(machine);
  }

  /** The guest's exit status, once it has ended the machine. */
  get exitCode(): number | undefined {
    return this.machine.exitCode;
  }

  /** Instructions retired since power-on. */
  get instret(): number {
    return this.machine.instret;
  }

  /** Runs `command` by the guest's `sh -c`. */
  sh(command: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.exec(['sh', '-c', command], options);
  }

  async exec(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    await this.waitForAgent(options.timeoutMs ?? BOOT_TIMEOUT_MS);
    const { stdin, env, cwd } = options;
    const wait = this.waits.add<CommandResult>(
      `command ${JSON.stringify(argv.at(-1))}`,
      this.machine.nowMs,
      options.timeoutMs ?? COMMAND_TIMEOUT_MS,
    );
    const stdout = new TextDecoder();
    const stderr = new TextDecoder();
    let outText = '';
    let errText = '';
    const request: ExecRequest = { argv, env: env ?? {}, cwd: cwd ?? '', hasStdin: stdin !== undefined };
    const command = this.agent.exec(request, {
      onStdout: bytes => (outText += stdout.decode(bytes, { stream: true })),
      onStderr: bytes => (errText += stderr.decode(bytes, { stream: true })),
      onExit: (exitCode, signal) =>
        wait.resolve({ exitCode, signal, stdout: outText + stdout.decode(), stderr: errText + stderr.decode() }),
      onLost: () => wait.reject(new Error(`${wait.what}: the agent restarted meanwhile${this.tail()}`)),
    });
    // One that outlives its deadline must not disturb what comes next.
    wait.promise.catch(() => command.signal(SIGKILL));
    if (stdin !== undefined) {
      command.write(typeof stdin === 'string' ? utf8(stdin) : stdin);
      command.closeStdin();
    }
    return wait.promise;
  }

  /**
   * The port of 127.0.0.1 that `hostfwd` has for a port of the guest; a fork has one of its own. Rejected with a
   * UserError where the host cannot listen there.
   */
  async forwardedPort(guestPort: number, protocol: Protocol = 'tcp'): Promise<number> {
    const open = (await Promise.all(this.machine.networks.map(network => network.open()))).flat();
    const found = open.find(({ forward }) => forward.guest.port === guestPort && forward.protocol === protocol);
    if (!found)
      throw new UserError(
        `no hostfwd leads to ${protocol} port ${guestPort}`,
        `add hostfwd=${protocol}::0-:${guestPort}`,
      );
    return found.address.port;
  }

  private openNetworks(): void {
    for (const network of this.machine.networks) void network.open();
  }

  /** Types at the serial console. */
  type(text: string): void {
    this.machine.type(utf8(text));
  }

  /** Resolves with the match once the console's text matches, from `from` on. */
  waitForConsole(pattern: RegExp, timeoutMs = COMMAND_TIMEOUT_MS, from = 0): Promise<RegExpExecArray> {
    const wait = this.waits.add<RegExpExecArray>(`the console to match ${pattern}`, this.machine.nowMs, timeoutMs);
    const look = (): void => {
      pattern.lastIndex = 0;
      const match = pattern.exec(this.console.slice(from));
      if (!match) return;
      this.consoleWatchers = this.consoleWatchers.filter(watcher => watcher !== look);
      wait.resolve(match);
    };
    this.consoleWatchers.push(look);
    look();
    return wait.promise;
  }

  /** Resolves with the exit status when the guest ends the machine. */
  async waitForExit(timeoutMs = COMMAND_TIMEOUT_MS): Promise<number> {
    if (this.exitCode !== undefined) return this.exitCode;
    const wait = this.waits.add<number>('the machine to end', this.machine.nowMs, timeoutMs);
    this.exitWaits.push(status => wait.resolve(status));
    return wait.promise;
  }

  async waitForAgent(timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    if (this.agent.isReady) return;
    const wait = this.waits.add<void>('the agent', this.machine.nowMs, timeoutMs);
    this.agent.onReady = () => wait.resolve();
    await wait.promise;
  }

  /** The present moment. Precondition of this and the next two: nothing is being awaited. */
  snapshot(): VmSnapshot {
    assert(this.waits.isEmpty, 'a snapshot while something is awaited');
    return { machine: this.keeper.take(), console: this.console, isAgentReady: this.agent.isReady };
  }

  /** Back to a moment: costs what has changed since. */
  restore(snapshot: VmSnapshot): void {
    assert(this.waits.isEmpty, 'a restore while something is awaited');
    this.keeper.restore(snapshot.machine);
    // The end of the machine had closed them.
    this.openNetworks();
    this.console = snapshot.console;
    this.deadline.set(Infinity);
    if (snapshot.isAgentReady) this.agent.rewind();
  }

  /** A machine of its own that goes on from here (or from `at`), with RAM and disks of its own. */
  fork(at: VmSnapshot = this.snapshot()): Vm {
    const twin = new Vm(emptyTwin(this.machine));
    twin.restore(at);
    return twin;
  }

  /**
   * The present moment as the bytes of a snapshot file. Precondition: nothing is being awaited. A drive that is written
   * to its file is a UserError.
   */
  save(): Uint8Array {
    assert(this.waits.isEmpty, 'a snapshot while something is awaited');
    return saveSnapshot(this.machine, sessionText({ console: this.console, isAgentReady: this.agent.isReady }));
  }

  /** A machine of the file's own configuration that goes on from there. What cannot be loaded is a UserError. */
  static load(file: Uint8Array, host: SnapshotHost): Vm {
    const { machine, session } = loadSnapshot(file, host);
    const vm = new Vm(machine);
    const { console, isAgentReady } = parseSession(session);
    vm.console = console;
    if (isAgentReady) vm.agent.rewind();
    return vm;
  }

  /** Lets the guest run for `ms` of its time. */
  async runFor(ms: number): Promise<void> {
    const wait = this.waits.add<void>('time to pass', this.machine.nowMs, ms);
    await wait.promise.catch((error: Error) => {
      if (this.exitCode !== undefined) throw error;
    });
  }

  /** Lets the guest run until the host has what it waits for: an answer that comes through a forward, say. */
  runUntil<T>(answer: Promise<T>, timeoutMs = COMMAND_TIMEOUT_MS): Promise<T> {
    const wait = this.waits.add<T>('what the host waits for', this.machine.nowMs, timeoutMs);
    answer.then(
      value => wait.resolve(value),
      (error: unknown) => wait.reject(error instanceof Error ? error : new Error(String(error))),
    );
    return wait.promise;
  }

  private print(bytes: Uint8Array): void {
    this.console += this.decoder.decode(bytes, { stream: true });
    for (const watcher of [...this.consoleWatchers]) watcher();
  }

  private tail(): string {
    return `; the console ends with:\n${this.console.slice(-CONSOLE_TAIL)}`;
  }

  private waitsChanged(): void {
    this.deadline.set(this.waits.isEmpty ? Infinity : Math.ceil(this.waits.nextDeadlineMs * TICKS_PER_MS));
    if (this.waits.isEmpty) this.machine.pause();
    else void this.pump();
  }

  private expire(): void {
    this.machine.flushConsole();
    const { nowMs } = this.machine;
    this.waits.rejectOverdue(
      nowMs,
      wait => `${wait.what}: not within ${wait.timeoutMs} ms of guest time${this.tail()}`,
    );
    this.deadline.set(this.waits.isEmpty ? Infinity : Math.ceil(this.waits.nextDeadlineMs * TICKS_PER_MS));
  }

  /** Runs the machine while something is awaited. Starts with a later microtask: the caller has armed what it waits for. */
  private async pump(): Promise<void> {
    if (this.isPumping) return;
    this.isPumping = true;
    await Promise.resolve();
    try {
      while (!this.waits.isEmpty && this.exitCode === undefined) await drive(this.machine);
    } catch (error) {
      this.waits.rejectAll(() => `internal error: ${error instanceof Error ? error.stack : String(error)}`);
    } finally {
      this.isPumping = false;
    }
    if (this.exitCode === undefined) return;
    for (const resolve of this.exitWaits.splice(0)) resolve(this.exitCode);
    this.waits.rejectAll(wait => `${wait.what}: the machine ended with status ${this.exitCode}${this.tail()}`);
  }
}
