/** `-device loader`: files that go into memory beside kernel and firmware, and harts that start somewhere else. */
import { UserError } from '../base/user-error.ts';
import type { Ram } from '../bus/ram.ts';
import { Privilege } from '../cpu/cpu.ts';
import { FLASH_BYTES, type Flash } from '../device/flash.ts';
import type { LoaderSpec, MachineConfig } from './config.ts';
import type { Hart } from './hart.ts';
import { loadImage, placeImage, rawImage } from './load-image.ts';
import { FLASH_BASE } from './virt-board.ts';

/** Whether anything stands in flash from the start: then it is memory that harts read and run straight. */
export function hasFlashContents({ flash = [], loaders = [] }: MachineConfig): boolean {
  return flash.length > 0 || loaders.some(({ file, address = 0 }) => file && isInFlash(address, file.bytes.length));
}

/** In the order of the command line, after everything else: what is asked for here wins. */
export function placeLoaders(
  loaders: readonly LoaderSpec[],
  { ram, flash, harts }: { ram: Ram; flash: Flash; harts: readonly Hart[] },
): void {
  for (const { file, address, isRaw, hart } of loaders) {
    const at = address ?? ram.base;
    let start = at;
    if (file && isInFlash(at, file.bytes.length)) {
      flash.place(at - FLASH_BASE, file.bytes);
    } else if (file) {
      const image = isRaw ? rawImage(file.bytes, at) : loadImage(file.bytes, file.name, at);
      placeImage(ram, image, file.name);
      start = image.entry ?? image.start;
    }
    if (hart !== undefined) startAt(harts, hart, start);
  }
}

/** As QEMU's loader does it: behind the reset code's back, so every register is 0. */
function startAt(harts: readonly Hart[], id: number, address: number): void {
  const hart = harts[id];
  if (!hart) throw new UserError(`loader: there is no hart ${id}`, `the machine has ${harts.length}: see -smp`);
  hart.powerOn();
  hart.cpu.reset(address, Privilege.M);
}

function isInFlash(address: number, length: number): boolean {
  return address >= FLASH_BASE && address + length <= FLASH_BASE + FLASH_BYTES;
}
