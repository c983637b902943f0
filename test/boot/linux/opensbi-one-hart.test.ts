/** Debian's Linux under OpenSBI, on virtio-mmio version 2: its devices, the overlay scripts, a tree through tar. */
import { afterAll, describe } from 'vitest';
import { bootDebian, isWhatWasAskedFor, title, type DebianMachine } from './debian.ts';
import { canBeRolledBackAndForked, drivesItsDevices } from './devices.ts';
import { copiesATree } from './load.ts';
import { overlayFiles, passesOverlayScripts, runOverlayScripts } from './overlay.ts';
import { powersOff } from './powers-off.ts';
import { restsWhileItWaits } from './rests.ts';

const MACHINE: DebianMachine = { firmware: 'OpenSBI', harts: 1, mode: 'sv39', virtio: 'mmio, version 2' };

const vm = await bootDebian(MACHINE, { files: overlayFiles });

if (vm) {
  const reports = await runOverlayScripts(vm);
  passesOverlayScripts(reports);
  describe(title(MACHINE), () => {
    afterAll(() => vm.machine.end(0));
    isWhatWasAskedFor(vm, MACHINE);
    drivesItsDevices(vm, [2, 2, 3, 4]);
    canBeRolledBackAndForked(vm);
    copiesATree(vm);
    restsWhileItWaits(vm);
    powersOff(vm);
  });
}
