/** The package `strata` in a browser: `import { boot, Machine } from 'strata'`. Images are bytes; `fetchImage` gets them. */
import { machineConfig, type MachineOptions } from '../../session/machine-options.ts';
import { boot as bootConfig, Vm } from '../../session/vm.ts';

export * from '../library.ts';
export { machineConfig, type DriveOptions } from '../../session/machine-options.ts';
export { fetchImage } from './fetch-image.ts';

export interface BootOptions extends MachineOptions {
  /** For the boot itself, in guest time. */
  readonly timeoutMs?: number;
}

/** Boots and waits for the agent. */
export function boot(options: BootOptions): Promise<Vm> {
  return bootConfig(machineConfig(options), options.timeoutMs);
}

/** Switches on and waits for nothing: for kernels without an agent. */
export function powerOn(options: BootOptions): Vm {
  return Vm.powerOn(machineConfig(options));
}
