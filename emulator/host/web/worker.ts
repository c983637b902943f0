/** The machine in a web worker: kernel and root image by URL, the serial console as messages. */
import { UserError } from '../../base/user-error.ts';
import { drive } from '../../machine/drive.ts';
import { Machine } from '../../machine/machine.ts';
import { AgentClient } from '../../session/agent-client.ts';
import { machineConfig } from '../../session/machine-options.ts';
import { fetchImage } from './fetch-image.ts';
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
  const [kernel, root] = await Promise.all([
    fetchImage(kernelUrl),
    rootUrl === undefined ? undefined : fetchImage(rootUrl),
  ]);
  const vm = new Machine(
    machineConfig({
      kernel,
      drives: root ? [{ image: root.bytes, isReadOnly: true }] : [],
      append,
      memoryMiB,
      icount: 'real',
      isVirtioLegacy: false,
      isRebootRefused: false,
    }),
  );
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
