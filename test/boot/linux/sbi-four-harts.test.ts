/** Debian's Linux under the built-in SBI with four harts, on PCI: its devices, a large file, harts that go and come. */
import { afterAll, describe } from 'vitest';
import { bootDebian, isWhatWasAskedFor, title, type DebianMachine } from './debian.ts';
import { canBeRolledBackAndForked, drivesItsDevices } from './devices.ts';
import { reboots, takesHartsAwayAndBack } from './harts.ts';
import { keepsALargeFile } from './load.ts';
import { PatternDisk } from './pattern-disk.ts';
import { powersOff } from './powers-off.ts';
import { restsWhileItWaits } from './rests.ts';

const MACHINE: DebianMachine = { firmware: 'the built-in SBI', harts: 4, mode: 'sv39', virtio: 'pci' };
const LARGE = '/mnt/large';

const pattern = new PatternDisk(256 << 20);
const vm = await bootDebian(MACHINE, { rootMiB: 384, drives: [{ image: pattern, isReadOnly: true }] });

if (vm) {
  describe(title(MACHINE), () => {
    afterAll(() => vm.machine.end(0));
    isWhatWasAskedFor(vm, MACHINE);
    drivesItsDevices(vm, [2, 2, 2, 3, 4]);
    takesHartsAwayAndBack(vm, MACHINE.harts);
    reboots(vm, MACHINE.harts);
    canBeRolledBackAndForked(vm);
    keepsALargeFile(vm, pattern, LARGE);
    restsWhileItWaits(vm);
    powersOff(vm, { [LARGE]: pattern.md5() });
  });
}
