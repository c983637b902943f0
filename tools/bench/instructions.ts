/** Retired instructions until something stands on the console, under virtual time: the same number at every run. */
import type { Vm } from '../../emulator/host/node/index.ts';
import { Stop } from '../../emulator/machine/machine.ts';

/** @param step instructions between two looks: output is handed over only at the end of each */
export function instructionsUntil(vm: Vm, pattern: RegExp, step: number): number {
  const { machine } = vm;
  machine.resume();
  machine.time.start();
  while (!pattern.test(vm.console)) {
    const stop = machine.advance(step);
    if (stop === Stop.Ended) throw new Error(`the machine ended before it printed ${pattern}:\n${vm.console}`);
    if (stop === Stop.Idle) machine.skipIdle();
  }
  machine.time.stop();
  return vm.instret;
}
