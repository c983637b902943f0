/** `-- CMD`: runs the command by the guest's shell over the agent's channel, output and input as ssh passes them. */
import type { AgentClient } from '../../session/agent-client.ts';

export interface GuestCommandInputs {
  readonly agent: AgentClient;
  readonly command: string;
  /** Standard input, where it is no terminal. */
  readonly stdin: NodeJS.ReadStream | undefined;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Before the machine is switched off, what was written must reach the disks. */
  readonly mustSync: boolean;
  readonly onExit: (status: number) => void;
  readonly onLost: () => void;
}

/** Precondition: the agent is ready. */
export function startGuestCommand(inputs: GuestCommandInputs): void {
  const { agent, stdin, onLost } = inputs;
  const command = agent.exec(
    { argv: ['sh', '-c', inputs.command], hasStdin: stdin !== undefined },
    {
      onStdout: bytes => inputs.stdout.write(bytes),
      onStderr: bytes => inputs.stderr.write(bytes),
      onExit: status => (inputs.mustSync ? sync(inputs, status) : inputs.onExit(status)),
      onLost,
    },
  );
  if (!stdin) return;
  stdin.on('data', bytes => {
    command.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    if (command.hasBacklog) stdin.pause();
  });
  command.onDrained = () => stdin.resume();
  stdin.on('end', () => command.closeStdin());
  // A closed standard input (`<&-`) is an empty one.
  stdin.on('error', () => command.closeStdin());
}

function sync({ agent, onExit, onLost }: GuestCommandInputs, status: number): void {
  agent.exec({ argv: ['sync'] }, { onStdout: () => {}, onStderr: () => {}, onExit: () => onExit(status), onLost });
}
