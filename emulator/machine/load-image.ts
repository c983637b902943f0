/**
 * From a file to bytes in guest RAM: ELF by its segments; a Linux `Image` (Documentation/arch/riscv/boot-image-header)
 * and anything else as it is, at the default address.
 */
import { hex, joinWords, viewOf } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import type { Ram } from '../bus/ram.ts';
import { isElf, loadElf } from './elf.ts';
import type { LoadedImage } from './loaded-image.ts';

const IMAGE_MAGIC2 = 0x0543_5352; // "RSC\x05" at 56
const IMAGE_HEADER_BYTES = 64;
const IMAGE_SIZE_AT = 16;
const IMAGE_MAGIC2_AT = 56;

/** @param defaultStart where a file without addresses of its own goes */
export function loadImage(file: Uint8Array, name: string, defaultStart: number): LoadedImage {
  if (file.length === 0) throw new UserError(`${name}: empty`, 'build it again, or name another file');
  if (isElf(file)) return loadElf(file, name);
  const memoryBytes = Math.max(file.length, imageSize(file));
  return {
    segments: [{ pa: defaultStart, bytes: file, memoryBytes }],
    start: defaultStart,
    end: defaultStart + memoryBytes,
  };
}

/** A file as it is, whatever it is. */
export function rawImage(bytes: Uint8Array, pa: number): LoadedImage {
  return { segments: [{ pa, bytes, memoryBytes: bytes.length }], start: pa, end: pa + bytes.length };
}

/** Writes the segments; a segment outside of RAM is a UserError. */
export function placeImage(ram: Ram, image: LoadedImage, name: string): void {
  const total = image.segments.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const isWithin = image.segments.every(({ pa, memoryBytes }) => ram.contains(pa, memoryBytes));
  // Some overlap, then; thousands of them would be written for hours.
  if (isWithin && total > ram.size)
    throw new UserError(`${name}: its segments add up to ${hex(total)} bytes, more than RAM`, 'link it for RAM');
  for (const { pa, bytes, memoryBytes } of image.segments) {
    if (!ram.contains(pa, memoryBytes)) {
      throw new UserError(
        `${name}: ${hex(pa)}..${hex(pa + memoryBytes)} is outside of RAM (${hex(ram.base)}..${hex(ram.base + ram.size)})`,
        'give more memory with -m, or link it for RAM',
      );
    }
    ram.write(pa, bytes);
    ram.fill(pa + bytes.length, memoryBytes - bytes.length, 0);
  }
}

/** What a Linux Image says it needs, bss included; 0 for other files. */
function imageSize(file: Uint8Array): number {
  if (file.length < IMAGE_HEADER_BYTES) return 0;
  const view = viewOf(file);
  if (view.getUint32(IMAGE_MAGIC2_AT, true) !== IMAGE_MAGIC2) return 0;
  return joinWords(view.getUint32(IMAGE_SIZE_AT, true), view.getUint32(IMAGE_SIZE_AT + 4, true));
}
