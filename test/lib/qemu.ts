/** Real QEMU as a judge: boots an image and gives its console and the agent's channel, as our own machine does. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentClient } from '../../emulator/host/node/index.ts';

const QEMU = 'qemu-system-riscv64';
const POLL_MS = 20;
const COMMAND_TIMEOUT_MS = 120_000;

export function hasQemu(): boolean {
  return spawnSync(QEMU, ['--version']).status === 0;
}

export interface QemuOptions {
  kernel: string;
  /** Raw images, first to last; each is opened read-only. */
  drives?: string[];
  append?: string;
  memoryMiB?: number;
  /** Further command-line arguments. */
  args?: string[];
  /** virtio-mmio version 2 instead of QEMU 7.2's default, version 1. */
  isModern?: boolean;
  /** Disks and the agent's console as PCI functions. */
  isPci?: boolean;
}

/** A running QEMU. `stop()` must be called. */
export class QemuVm {
  console = '';
  exitCode: number | null = null;
  private readonly agent: AgentClient;

  private constructor(
    private readonly child: ChildProcess,
    private readonly dir: string,
    private readonly channel: Socket,
  ) {
    this.agent = new AgentClient(bytes => void channel.write(bytes));
    channel.on('data', (d: Buffer) => this.agent.receive(new Uint8Array(d)));
    channel.on('error', () => {}); // QEMU has ended: whoever waits sees that
    child.stdout?.on('data', (d: Buffer) => (this.console += d.toString('latin1')));
    child.stderr?.on('data', (d: Buffer) => (this.console += d.toString('latin1')));
    child.on('exit', code => (this.exitCode = code ?? -1));
  }

  static async start(o: QemuOptions): Promise<QemuVm> {
    const dir = mkdtempSync(join(tmpdir(), 'strata-qemu-'));
    const socket = join(dir, 'agent');
    const args = ['-M', 'virt', '-m', `${o.memoryMiB ?? 128}M`, '-nographic', '-bios', 'default', '-kernel', o.kernel];
    if (o.isModern) args.push('-global', 'virtio-mmio.force-legacy=false');
    if (o.append !== undefined) args.push('-append', o.append);
    const bus = o.isPci ? 'pci' : 'device';
    (o.drives ?? []).forEach((file, i) => {
      args.push('-drive', `file=${file},format=raw,if=none,id=d${i},readonly=on`);
      args.push('-device', `virtio-blk-${bus},drive=d${i}`);
    });
    args.push('-chardev', `socket,id=agent,path=${socket},server=on,wait=off`);
    args.push('-device', `virtio-serial-${bus},max_ports=1`, '-device', 'virtconsole,chardev=agent', ...(o.args ?? []));
    const child = spawn(QEMU, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const channel = await connectWhenThere(socket, child);
    return new QemuVm(child, dir, channel);
  }

  /** Runs `command` by the guest's `sh -c` through the agent. */
  async sh(
    command: string,
    timeoutMs = COMMAND_TIMEOUT_MS,
  ): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    await poll(timeoutMs, () => this.agent.isReady || this.exitCode !== null);
    const result = { exitCode: -1, stdout: '', stderr: '' };
    let isDone = false;
    this.agent.exec(
      { argv: ['sh', '-c', command] },
      {
        onStdout: bytes => (result.stdout += Buffer.from(bytes).toString('utf8')),
        onStderr: bytes => (result.stderr += Buffer.from(bytes).toString('utf8')),
        onExit: status => {
          result.exitCode = status;
          isDone = true;
        },
        onLost: () => (isDone = true),
      },
    );
    await poll(timeoutMs, () => isDone || this.exitCode !== null);
    if (!isDone) throw new Error(`${command}: no answer; QEMU's console ends with:\n${this.console.slice(-2000)}`);
    return result;
  }

  /** Types on the serial console. */
  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Resolves when the console matches; rejects with its tail when QEMU ends or the time is over. */
  async waitForConsole(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    await poll(timeoutMs, () => pattern.test(this.console) || this.exitCode !== null);
    if (!pattern.test(this.console)) {
      throw new Error(`QEMU's console never matched ${pattern}; it ends with:\n${this.console.slice(-2000)}`);
    }
    return this.console;
  }

  /** Resolves with QEMU's exit status. */
  async waitForExit(timeoutMs = 30_000): Promise<number> {
    await poll(timeoutMs, () => this.exitCode !== null);
    if (this.exitCode === null)
      throw new Error(`QEMU still runs; its console ends with:\n${this.console.slice(-2000)}`);
    return this.exitCode;
  }

  stop(): void {
    this.channel.destroy();
    this.child.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function poll(timeoutMs: number, isDone: () => boolean): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!isDone() && Date.now() < end) await new Promise(r => setTimeout(r, POLL_MS));
}

async function connectWhenThere(path: string, child: ChildProcess): Promise<Socket> {
  for (let tries = 0; tries < 250; tries++) {
    if (child.exitCode !== null) throw new Error(`${QEMU} ended with status ${child.exitCode} before it listened`);
    const socket = await new Promise<Socket | null>(resolve => {
      const s = connect(path);
      s.once('connect', () => resolve(s));
      s.once('error', () => resolve(null));
    });
    if (socket) return socket;
    await new Promise(r => setTimeout(r, POLL_MS));
  }
  child.kill('SIGKILL');
  throw new Error(`${QEMU} never listened on ${path}`);
}
