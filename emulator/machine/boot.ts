/** Power-on: firmware, kernel, initrd and device tree go into RAM where QEMU 7.2's `virt` puts them; the harts start. */
import { hex, MIB, viewOf } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import { DEFAULT_FEATURES } from '../isa/extensions.ts';
import type { Ram } from '../bus/ram.ts';
import { FLASH_BANK_BYTES } from '../device/flash.ts';
import { Privilege } from '../cpu/cpu.ts';
import type { MachineConfig } from './config.ts';
import { deviceTreeBlob, updatedBlob, type SocDevice } from './device-tree.ts';
import type { Hart } from './hart.ts';
import { loadImage, placeImage } from './load-image.ts';
import type { LoadedImage } from './loaded-image.ts';

const BOOT_HART = 0;
/** Behind firmware of at most this size, a kernel without addresses of its own goes. */
const FIRMWARE_BYTES = 2 * MIB;
const INITRD_GAP_MAX = 128 * MIB;
const DTB_ALIGN = 2 * MIB;
/** The device tree must be reachable by 32-bit software. */
const DTB_END_MAX = 0xc000_0000;

const FW_DYNAMIC_MAGIC = 0x4942_534f;
const FW_DYNAMIC_VERSION = 2;
const FW_DYNAMIC_BYTES = 48;
/** In front of it QEMU's ROM holds the code that a hart starts with; firmware is told the same address there. */
const RESET_VECTOR_BYTES = 40;

export interface PoweredOn {
  /** What the boot ROM holds. */
  readonly rom: Uint8Array;
  /** The blob that the guest is handed. */
  readonly deviceTree: Uint8Array;
}

export interface PowerOnInputs {
  readonly config: MachineConfig;
  readonly ram: Ram;
  readonly harts: readonly Hart[];
  readonly soc: readonly SocDevice[];
  readonly rngSeed: Uint8Array;
  /** Where the boot ROM and the first bank of flash are. */
  readonly bases: { readonly rom: number; readonly flash: number };
}

/** Loads everything and resets the harts into it: all of them into firmware; the built-in SBI starts hart 0 alone. */
export function powerOn({ config, ram, harts, soc, rngSeed, bases }: PowerOnInputs): PoweredOn {
  const hasFirmware = config.bios !== 'none';
  const kernelStart = ram.base + (hasFirmware ? FIRMWARE_BYTES : 0);
  const firmware =
    typeof config.bios === 'string' ? undefined : loadImage(config.bios.bytes, config.bios.name, ram.base);
  const hasFlash = (bank: number): boolean => (config.flash ?? []).some(spec => spec.bank === bank);
  const [startsInFlash, isNextInFlash] = [hasFlash(0), hasFlash(1)];
  const kernel = isNextInFlash
    ? undefined
    : config.kernel && loadImage(config.kernel.bytes, config.kernel.name, kernelStart);
  const next = isNextInFlash ? bases.flash + FLASH_BANK_BYTES : kernel?.start;
  const isLoaded = !hasFirmware && (config.loaders ?? []).length > 0;
  if (next === undefined && !firmware && !startsInFlash && !isLoaded)
    throw new UserError('no kernel to start', 'name one with -kernel FILE');

  const initrd = kernel && config.initrd && placeInitrd(config, ram, kernel);
  const chosen = { append: config.append, rngSeed, ...(initrd ? { initrd } : {}) };
  const dtb = config.dtb
    ? updatedBlob(config.dtb, chosen)
    : deviceTreeBlob({
        ...chosen,
        ramBase: ram.base,
        ramSize: ram.size,
        soc,
        harts: harts.length,
        cpu: config.cpu ?? DEFAULT_FEATURES,
      });
  const ramEnd = Math.min(ram.base + ram.size, DTB_END_MAX);
  const dtbAt = Math.floor((ramEnd - dtb.length) / DTB_ALIGN) * DTB_ALIGN;
  const used = Math.max(kernel?.end ?? 0, firmware?.end ?? 0, initrd?.end ?? 0);
  if (used > dtbAt || dtbAt < ram.base) {
    throw new UserError(
      `${config.memoryMiB} MiB of memory are too few: the images end at ${hex(used)}, the device tree starts at ${hex(dtbAt)}`,
      'give more with -m',
    );
  }
  if (firmware && typeof config.bios !== 'string') placeImage(ram, firmware, config.bios.name);
  if (kernel && config.kernel) placeImage(ram, kernel, config.kernel.name);
  ram.write(dtbAt, dtb);

  const entry = (config.startsAtEntry && kernel?.entry) || ram.base;
  const infoAt = bases.rom + RESET_VECTOR_BYTES;
  for (const hart of harts) {
    const { cpu, id } = hart;
    hart.powerOn();
    cpu.isSbiEnabled = config.bios === 'default' && !startsInFlash;
    if (startsInFlash) cpu.reset(bases.flash, Privilege.M, id, dtbAt, infoAt);
    else if (firmware) cpu.reset(firmware.start, Privilege.M, id, dtbAt, infoAt);
    else if (!hasFirmware) cpu.reset(entry, Privilege.M, id, dtbAt, infoAt);
    else cpu.reset(next!, Privilege.S, id, dtbAt);
    if (cpu.isSbiEnabled && id !== BOOT_HART) hart.stop();
  }
  return { rom: fwDynamicInfo(next ?? 0), deviceTree: dtb };
}

function placeInitrd(config: MachineConfig, ram: Ram, kernel: LoadedImage): { start: number; end: number } {
  const { name, bytes } = config.initrd!;
  const start = kernel.start + Math.min(ram.size / 2, INITRD_GAP_MAX);
  if (start < kernel.end)
    throw new UserError(`${name}: the kernel reaches into the initrd at ${hex(start)}`, 'give more memory with -m');
  placeImage(
    ram,
    { segments: [{ pa: start, bytes, memoryBytes: bytes.length }], start, end: start + bytes.length },
    name,
  );
  return { start, end: start + bytes.length };
}

/** OpenSBI's struct fw_dynamic_info: where the next stage is, entered in S-mode on hart 0. */
function fwDynamicInfo(nextAddress: number): Uint8Array {
  const bytes = new Uint8Array(RESET_VECTOR_BYTES + FW_DYNAMIC_BYTES);
  const view = viewOf(bytes);
  const fields = [FW_DYNAMIC_MAGIC, FW_DYNAMIC_VERSION, nextAddress, Privilege.S, 0, BOOT_HART];
  fields.forEach((field, i) => view.setBigUint64(RESET_VECTOR_BYTES + 8 * i, BigInt(field), true));
  return bytes;
}
