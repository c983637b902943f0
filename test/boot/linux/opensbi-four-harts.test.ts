/** Debian's Linux under OpenSBI with four harts, on PCI: processes, floating point, network, harts that go and come. */
import { afterAll, describe } from 'vitest';
import { bootDebian, isWhatWasAskedFor, title, type DebianMachine } from './debian.ts';
import { canBeRolledBackAndForked, drivesItsDevices } from './devices.ts';
import { reboots, takesHartsAwayAndBack } from './harts.ts';
import { computesAsQemuDoes, floatCheck, standsAStormOfProcesses } from './load.ts';
import { hostSide, NETWORK_MODULES, networkFiles, usesItsNetwork } from './network.ts';
import { powersOff } from './powers-off.ts';
import { restsWhileItWaits } from './rests.ts';

const MACHINE: DebianMachine = { firmware: 'OpenSBI', harts: 4, mode: 'sv57', virtio: 'pci' };
const FILE_BYTES = 1 << 20;

const float = floatCheck();
const host = await hostSide(FILE_BYTES);
const vm = await bootDebian(MACHINE, {
  files: () => ({ ...networkFiles(), ...(float ? { 'mnt/float-check': float.program } : {}) }),
  modules: NETWORK_MODULES,
  net: host.net,
});

if (!vm) host.close();
else {
  describe(title(MACHINE), () => {
    afterAll(() => vm.machine.end(0));
    isWhatWasAskedFor(vm, MACHINE);
    drivesItsDevices(vm, [2, 2, 3, 4, 1]);
    canBeRolledBackAndForked(vm);
    takesHartsAwayAndBack(vm, MACHINE.harts);
    reboots(vm, MACHINE.harts);
    usesItsNetwork(vm, host, false);
    standsAStormOfProcesses(vm);
    computesAsQemuDoes(vm, float, '/mnt/float-check', 2 * MACHINE.harts);
    restsWhileItWaits(vm);
    powersOff(vm);
  });
}
