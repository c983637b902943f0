/** The machine in a web worker: kernel and root image by URL, the serial console as messages. */
import { UserError } from '../../base/user-error.ts';
import type { DeviceSpec, NamedBytes } from '../../machine/config.ts';
import { drive } from '../../machine/drive.ts';
import { Machine } from '../../machine/machine.ts';
import { AgentClient } from '../../session/agent-client.ts';
import { CowLayer } from '../../storage/cow-layer.ts';
import { MemoryBackend } from '../../storage/memory-backend.ts';
import type { StartMessage, ToPage, ToWorker } from './messages.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const say = (message: ToPage): void => scope.postMessage(message);

let machine: Machine | undefined;
let agent: AgentClient | undefined;
let size: { rows: number; columns: number } | undefined;

scope.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case 'start':
      void run(data);
      break;
    case 'input':
      machine?.type(data.bytes);
      break;
    case 'resize':
      size = data;
      passSize();
  }
};

async function run(start: StartMessage): Promise<void> {
  try {
    say({ type: 'ended', status: await runMachine(start) });
  } catch (error) {
    if (error instanceof UserError) say({ type: 'failed', what: error.message, hint: error.hint });
    else
      say({
        type: 'failed',
        what: String(error instanceof Error ? error.stack : error),
        hint: 'a bug of ours: please report it',
      });
  }
}

async function runMachine({ kernelUrl, rootUrl, memoryMiB, append }: StartMessage): Promise<number> {
  const [kernel, root] = await Promise.all([fetched(kernelUrl), rootUrl === undefined ? undefined : fetched(rootUrl)]);
  const devices: DeviceSpec[] = [{ kind: 'console' }, { kind: 'rng' }];
  if (root)
    devices.unshift({ kind: 'blk', backend: new CowLayer(new MemoryBackend(root.bytes, true), true), serial: '' });
  const vm = new Machine({
    memoryMiB,
    bios: 'default',
    kernel,
    append,
    devices,
    isVirtioLegacy: false,
    isRebootRefused: false,
    epochMs: Date.now(),
    guestError: () => {},
  });
  vm.onConsole = bytes => say({ type: 'output', bytes });
  agent = new AgentClient(bytes => vm.sendToAgent(bytes));
  agent.onReady = passSize;
  if (vm.virtioConsole) vm.virtioConsole.onData = bytes => agent?.receive(bytes);
  vm.powerOn();
  machine = vm;
  while (vm.exitCode === undefined) await drive(vm);
  return vm.exitCode;
}

/** The page's terminal has another size: the guest's console learns it from the agent. */
function passSize(): void {
  if (agent?.isReady && size) agent.setWindowSize(size.rows, size.columns);
}

async function fetched(url: string): Promise<NamedBytes> {
  const hint = 'check the address; npm run build makes images/out/';
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new UserError(`${url}: no answer`, hint);
  }
  if (!response.ok) throw new UserError(`${url}: ${response.status} ${response.statusText}`, hint);
  return { name: url, bytes: new Uint8Array(await response.arrayBuffer()) };
}
