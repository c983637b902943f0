import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '../base/user-error.ts';
import { Ram } from '../bus/ram.ts';
import { loadImage, placeImage } from './load-image.ts';
import { elf, ENTRY } from './test-kernel.ts';

const CODE = Uint8Array.of(1, 2, 3, 4);

function loaded(file: Uint8Array): Ram {
  const ram = new Ram(4 << 20);
  placeImage(ram, loadImage(file, 'k', ENTRY), 'k');
  return ram;
}

test('segments go to their physical addresses', () => {
  expect([...loaded(elf(CODE, 0x8010_0000)).bytes(0x8010_0000, 4)]).toEqual([...CODE]);
});

test('what is no ELF goes to the default address', () => {
  expect([...loaded(CODE).bytes(ENTRY, 4)]).toEqual([...CODE]);
});

test('a Linux Image takes what its header says', () => {
  const image = new Uint8Array(64);
  const view = new DataView(image.buffer);
  view.setUint32(56, 0x0543_5352, true);
  view.setBigUint64(16, 0x1000n, true);
  expect(loadImage(image, 'k', ENTRY).end).toBe(ENTRY + 0x1000);
});

/** [what, where in the file, the byte put there] */
test.each([
  ['32-bit', 4, 1],
  ['big-endian', 5, 2],
  ['another machine', 18, 62],
  ['an object file', 16, 1],
  ['program headers behind the end', 33, 0xff],
  ['nothing to load', 64, 6],
  ['a segment behind the end', 64 + 9, 0xff],
  ['a file part larger than memory', 64 + 40, 0],
])('%s is refused', (_what, at, byte) => {
  const file = elf(CODE);
  file[at] = byte;
  expect(() => loaded(file)).toThrow(UserError);
});

test('any prefix and any damage is loaded or refused, never an internal error', () => {
  const file = elf(CODE, 0x8010_0000);
  fc.assert(
    fc.property(
      fc.nat(file.length),
      fc.array(fc.tuple(fc.nat(119), fc.nat(255)), { maxLength: 4 }),
      (length, damage) => {
        const damaged = file.slice(0, Math.max(4, length));
        for (const [at, byte] of damage) if (at >= 4 && at < damaged.length) damaged[at] = byte;
        try {
          loaded(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      },
    ),
    { seed: 7, numRuns: 300 },
  );
});
