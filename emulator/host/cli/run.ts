/**
 * One run of the program: builds the machine, connects console, agent, signals and deadline, and says how it ended. What
 * few runs need is imported when it is needed.
 */
import { closeSync, existsSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { assert } from '../../base/assert.ts';
import { utf8 } from '../../base/bytes.ts';
import { UserError } from '../../base/user-error.ts';
import { TIMEBASE_HZ } from '../../bus/clock.ts';
import type { MonitorHost } from '../../debug/monitor.ts';
import type { SnapshotStore } from '../../debug/monitor/snapshots.ts';
import { formatIp } from '../../device/net/addresses.ts';
import { drive } from '../../machine/drive.ts';
import { Machine } from '../../machine/machine.ts';
import { AgentClient } from '../../session/agent-client.ts';
import type { ByteStream } from '../node/byte-stream.ts';
import { builtImage, openToWrite, outputFile, readNamed } from '../node/files.ts';
import type { GdbServer } from '../node/gdb-server.ts';
import { buildMachine, type BuiltMachine } from './build-machine.ts';
import { ConsoleInput } from './console/console-input.ts';
import { ConsoleTail } from './console/console-tail.ts';
import { startGuestCommand } from './guest-command.ts';
import type { CliOptions, StreamFlag } from './flags/options.ts';
import type { LoadedRun } from './snapshots.ts';
import { TraceLog } from './trace-log.ts';

const STATUS_TIMEOUT = 124;
const STATUS_INTERRUPTED = 130;
/** A signal that ends us: 128 + its number. */
const SIGNALS = { SIGINT: STATUS_INTERRUPTED, SIGTERM: 143, SIGHUP: 129 } as const;
const AGENT_TIMEOUT_S = 60;

type Reason = 'guest' | 'command' | 'quit' | 'timeout' | 'signal';

export class Run implements MonitorHost {
  readonly machine: Machine;
  isStopped = false;
  hart = 0;
  onStopped: (() => void) | undefined;
  private reason: Reason = 'guest';
  private failure: UserError | undefined;
  private readonly tail = new ConsoleTail();
  private readonly closers: (() => void)[] = [];
  /** What must be there before the machine starts. */
  private readonly waits: Promise<void>[] = [];
  private readonly hasWritableDrive: boolean;
  private readonly chardev: BuiltMachine['chardev'];
  private input: ConsoleInput | undefined;
  private gdb: GdbServer | undefined;
  private agent: AgentClient | undefined;
  /** At the moment that -loadvm has gone back to. */
  private readonly wasAgentReady: boolean;
  snapshots: SnapshotStore | undefined;

  /** Errors of the user come from here, before anything is touched. */
  static async create(options: CliOptions): Promise<Run> {
    const log = new TraceLog(options.logItems, options.logFile);
    const { loadvm } = options;
    const loaded = loadvm !== undefined && (await import('./snapshots.ts')).loadRun(options, loadvm, log.guestError);
    const run = new Run(options, log, loaded || buildMachine(options, log.guestError));
    await run.connectStreams();
    await run.connectProfiler();
    await run.connectTestProgram();
    return run;
  }

  private constructor(
    private readonly options: CliOptions,
    log: TraceLog,
    made: LoadedRun | BuiltMachine,
  ) {
    const [loaded, built] = 'machine' in made ? [made] : [undefined, made];
    this.closers.push(
      () => log.close(),
      () => made.files.forEach(file => file.close()),
    );
    this.chardev = built?.chardev;
    this.hasWritableDrive = built?.hasWritableDrive ?? false;
    this.machine = loaded?.machine ?? new Machine(built!.config);
    this.wasAgentReady = loaded?.isAgentReady ?? false;
    log.attach(this.machine);
    if (!loaded) this.machine.powerOn();
    this.connectOutput();
  }

  /** Runs to the end; the process's exit status. */
  async finish(): Promise<number> {
    const startMs = performance.now();
    this.writePid();
    this.connectDeadline();
    this.connectSignals();
    await this.connectChannel();
    await this.connectGdb();
    if (this.options.command === undefined && this.options.serial.kind === 'stdio') {
      this.input = new ConsoleInput(
        this,
        process.stdin,
        text => process.stderr.write(text),
        () => this.openMonitor(),
      );
      this.closers.push(() => this.input?.close());
    }
    try {
      await this.openNetworks();
      await this.clients();
      while (this.machine.exitCode === undefined) {
        if (this.isStopped) await new Promise<void>(resolve => (this.machine.onWake = resolve));
        else await drive(this.machine);
      }
    } finally {
      for (const close of this.closers) close();
    }
    const status = this.machine.exitCode;
    if (this.failure) throw this.failure;
    await this.writeSignature();
    this.explain(status);
    this.report(status, performance.now() - startMs);
    return status;
  }

  /** Streams that the machine waits for have a client, or the run is over. */
  private async clients(): Promise<void> {
    let isReady = false;
    void Promise.all(this.waits).then(() => {
      isReady = true;
      this.machine.onWake();
    });
    // One turn, for those that wait for nothing.
    await Promise.resolve();
    while (!isReady && this.machine.exitCode === undefined) {
      await new Promise<void>(resolve => (this.machine.onWake = resolve));
    }
  }

  quit(): void {
    this.end('quit', 0);
  }

  /** The user's error, found after the start. */
  private fail(error: UserError): void {
    this.failure ??= error;
    this.machine.end(0);
  }

  private end(reason: Reason, status: number): void {
    if (this.machine.exitCode !== undefined) return;
    this.reason = reason;
    this.machine.end(status);
  }

  private writePid(): void {
    const { pidFile } = this.options;
    if (pidFile === undefined) return;
    const { write, close } = outputFile(pidFile, '-pidfile');
    write(utf8(`${process.pid}\n`));
    close();
    this.closers.push(() => rmSync(pidFile, { force: true }));
  }

  private connectOutput(): void {
    const { serial, command } = this.options;
    const { machine } = this;
    if (serial.kind === 'stdio' && command === undefined) {
      machine.onConsole = bytes => {
        this.input?.noteOutput();
        process.stdout.write(bytes);
      };
    } else {
      machine.onConsole = bytes => this.tail.push(bytes);
    }
    // Nobody reads any more (`| head`): as SIGPIPE would end us.
    process.stdout.on('error', () => this.end('signal', 141));
  }

  /** Serial console and monitor, where they are not on the terminal. */
  private async connectStreams(): Promise<void> {
    const { serial, monitor } = this.options;
    const { machine } = this;
    if (serial.kind === 'file' || serial.kind === 'socket') {
      const stream = await this.stream(serial, '-serial');
      machine.onConsole = bytes => {
        this.tail.push(bytes);
        stream.write(bytes);
      };
      stream.onData = bytes => machine.type(bytes);
      if (serial.kind === 'socket') machine.isPaced = true;
    }
    if (monitor.kind === 'none') return;
    const { serveMonitor } = await import('./console/monitor-stream.ts');
    serveMonitor(this, await this.stream(monitor, '-monitor'));
  }

  private async stream(target: StreamFlag, what: string): Promise<ByteStream> {
    assert(target.kind !== 'chardev', 'every name of a chardev has been looked up');
    const { openStream } = await import('../node/byte-stream.ts');
    const stream = openStream(target, {
      what,
      say: text => process.stderr.write(`qemu-like: ${text}\n`),
      onError: error => this.fail(error),
    });
    this.closers.push(() => stream.close());
    this.waits.push(stream.ready);
    return stream;
  }

  private async connectProfiler(): Promise<void> {
    const { profileFile, symbolFiles } = this.options;
    if (profileFile === undefined) return;
    const { Profiler } = await import('../../debug/profile/profiler.ts');
    const { kernel } = this.machine.config;
    // The images of npm run build: their userland is one program.
    const own = this.options.kernel === undefined ? [builtImage('strata')].filter(existsSync) : [];
    const files = [...(kernel ? [kernel] : []), ...[...own, ...symbolFiles].map(file => readNamed(file, 'symbols'))];
    const profiler = new Profiler(this.machine, files);
    const fd = openToWrite('-profile', profileFile);
    this.closers.push(() => {
      writeSync(fd, JSON.stringify(profiler.stop()));
      closeSync(fd);
    });
  }

  private async connectTestProgram(): Promise<void> {
    const { kernel } = this.machine.config;
    if (!this.options.isTohost) return;
    const { attachHtif, signatureText } = await import('../../machine/htif.ts');
    if (!kernel) throw new UserError('-tohost: no test program', 'name one with -kernel FILE');
    attachHtif(this.machine, kernel);
    if (this.options.signatureFile !== undefined) signatureText(this.machine, kernel, 1);
  }

  private async writeSignature(): Promise<void> {
    const { signatureFile, signatureGranularity } = this.options;
    const { kernel } = this.machine.config;
    if (signatureFile === undefined || !kernel) return;
    const { signatureText } = await import('../../machine/htif.ts');
    const text = signatureText(this.machine, kernel, signatureGranularity);
    try {
      writeFileSync(signatureFile, text);
    } catch (error) {
      throw new UserError(`-signature ${signatureFile}: ${String(error)}`, 'name a file that can be written');
    }
  }

  /** Answers a line of the monitor. */
  private async openMonitor(): Promise<(line: string) => string> {
    const [{ runMonitorCommand }] = await Promise.all([import('../../debug/monitor.ts'), this.openSnapshots()]);
    return line => runMonitorCommand(this, line);
  }

  private async openSnapshots(): Promise<void> {
    const { snapshotStore } = await import('./snapshots.ts');
    this.snapshots ??= snapshotStore(
      this.machine,
      () => this.agent?.isReady ?? false,
      () => this.agent?.rewind(),
    );
  }

  private async connectGdb(): Promise<void> {
    const { gdb, startsStopped } = this.options;
    this.isStopped = startsStopped;
    if (gdb === undefined) return;
    const say = (text: string): void => void process.stderr.write(`qemu-like: ${text}\n`);
    const [{ serveGdb }] = await Promise.all([import('../node/gdb-server.ts'), this.openSnapshots()]);
    this.gdb = serveGdb(this, gdb, say, error => this.fail(error));
    this.closers.push(() => this.gdb?.close(this.machine.exitCode ?? 0));
  }

  private connectDeadline(): void {
    const { timeoutMs } = this.options;
    if (timeoutMs === undefined) return;
    const { timers } = this.machine;
    const timer = timers.timer(() => this.end('timeout', STATUS_TIMEOUT));
    timer.set(timers.now() + (timeoutMs * TIMEBASE_HZ) / 1000);
  }

  private connectSignals(): void {
    for (const [signal, status] of Object.entries(SIGNALS)) {
      const listener = (): void => this.end('signal', status);
      process.on(signal, listener);
      this.closers.push(() => process.off(signal, listener));
    }
  }

  /** What is behind the virtio-console: the command line's chardev, or our agent client. */
  private async connectChannel(): Promise<void> {
    const { machine } = this;
    const port = machine.virtioConsole;
    if (!port) return;
    if (this.chardev) {
      const stream = await this.stream(this.chardev.target, `chardev ${this.chardev.id}`);
      stream.onData = bytes => machine.sendToAgent(bytes);
      port.onData = bytes => stream.write(bytes);
      return;
    }
    const agent = new AgentClient(bytes => machine.sendToAgent(bytes));
    this.agent = agent;
    port.onData = bytes => agent.receive(bytes);
    if (this.options.command === undefined) this.passWindowSize(agent);
    else this.runCommand(agent, this.options.command);
    if (!this.wasAgentReady) return;
    agent.rewind();
    agent.onReady();
  }

  private passWindowSize(agent: AgentClient): void {
    if (!process.stdout.isTTY) return;
    const pass = (): void => {
      if (agent.isReady) agent.setWindowSize(process.stdout.rows, process.stdout.columns);
    };
    agent.onReady = pass;
    process.stdout.on('resize', pass);
    this.closers.push(() => process.stdout.off('resize', pass));
  }

  private runCommand(agent: AgentClient, command: string): void {
    const { machine } = this;
    const stdin = process.stdin.isTTY ? undefined : process.stdin;
    const patience = machine.timers.timer(() => {
      process.stderr.write(`${this.tail}\n`);
      this.fail(
        new UserError(
          `the guest's agent did not answer within ${AGENT_TIMEOUT_S} s`,
          'a command behind -- needs a guest that runs /bin/agent; without -- its console is shown',
        ),
      );
    });
    patience.set(machine.timers.now() + AGENT_TIMEOUT_S * TIMEBASE_HZ);
    agent.onReady = () => {
      patience.set(Infinity);
      // Once: an agent that restarts has lost the command, and says so below.
      agent.onReady = () => {};
      startGuestCommand({
        agent,
        command,
        stdin,
        stdout: process.stdout,
        stderr: process.stderr,
        mustSync: this.hasWritableDrive,
        onExit: status => this.end('command', status),
        onLost: () => this.end('guest', 255),
      });
    };
    this.closers.push(() => stdin?.pause());
  }

  /** A port that cannot be had is the user's error; one that the host has chosen is told. */
  private async openNetworks(): Promise<void> {
    const open = (await Promise.all(this.machine.networks.map(network => network.open()))).flat();
    for (const { forward, address } of open) {
      if (forward.host.port !== 0) continue;
      const guest = `${formatIp(forward.guest.ip)}:${forward.guest.port}`;
      process.stderr.write(
        `qemu-like: hostfwd ${forward.protocol}:${formatIp(address.ip)}:${address.port} leads to ${guest}\n`,
      );
    }
  }

  /** On stderr: why it ended, where the user would not see it otherwise. */
  private explain(status: number): void {
    const say = (text: string): void => void process.stderr.write(`qemu-like: ${text}\n`);
    if (this.reason === 'timeout') say(`timeout: the guest ran for ${this.options.timeoutMs! / 1000} s`);
    else if (this.reason === 'quit' && process.stdin.isTTY) process.stderr.write('\nqemu-like: terminated\n');
    const isCut = this.options.command !== undefined && this.reason !== 'command' && this.reason !== 'signal';
    if (isCut)
      say(`the machine ended with status ${status} before the command did; its console ends with:\n${this.tail}`);
  }

  private report(status: number, wallMs: number): void {
    const { reportFile } = this.options;
    if (reportFile === undefined) return;
    const { machine, reason } = this;
    const instructions = machine.instret;
    const report = { status, reason, wallMs, guestMs: machine.nowMs, instructions, mips: instructions / wallMs / 1000 };
    writeFileSync(reportFile, `${JSON.stringify(report, null, 2)}\n`);
  }
}
