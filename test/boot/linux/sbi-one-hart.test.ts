/** Debian's Linux under the built-in SBI, on virtio-mmio version 1: its devices, and all of the network. */
import { afterAll, describe } from 'vitest';
import { bootDebian, isWhatWasAskedFor, title, type DebianMachine } from './debian.ts';
import { canBeRolledBackAndForked, drivesItsDevices } from './devices.ts';
import { hostSide, NETWORK_MODULES, networkFiles, usesItsNetwork } from './network.ts';
import { powersOff } from './powers-off.ts';
import { restsWhileItWaits } from './rests.ts';

const MACHINE: DebianMachine = { firmware: 'the built-in SBI', harts: 1, mode: 'sv57', virtio: 'mmio, version 1' };
const FILE_BYTES = 20 << 20;

const host = await hostSide(FILE_BYTES);
const vm = await bootDebian(MACHINE, { files: networkFiles, modules: NETWORK_MODULES, net: host.net });

if (!vm) host.close();
else {
  describe(title(MACHINE), () => {
    afterAll(() => vm.machine.end(0));
    isWhatWasAskedFor(vm, MACHINE);
    drivesItsDevices(vm, [2, 2, 3, 4, 1]);
    canBeRolledBackAndForked(vm);
    usesItsNetwork(vm, host, true);
    restsWhileItWaits(vm);
    powersOff(vm);
  });
}
