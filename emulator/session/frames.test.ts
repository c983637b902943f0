import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../base/bytes.ts';
import { encodeFrame, FrameReader, FrameType, PAYLOAD_MAX, type Frame } from './frames.ts';

const frame = fc.record({
  type: fc.nat(255),
  id: fc.nat(0xffff),
  payload: fc.uint8Array({ maxLength: 300 }),
});
/** Bytes without the first byte of the magic: they cannot swallow a frame that follows. */
const garbage = fc.uint8Array({ maxLength: 40 }).map(bytes => bytes.map(byte => (byte === 0xf5 ? 0 : byte)));

test('frames come out whole, however the stream is cut and whatever stands between them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(garbage, frame), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (parts, cuts) => {
        const stream = concatBytes(parts.flatMap(([noise, f]) => [noise, encodeFrame(f)]));
        const reader = new FrameReader();
        const found: Frame[] = [];
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const size = cuts[cut % cuts.length]!;
          found.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(found).toEqual(parts.map(([, f]) => f));
      },
    ),
    { seed: 11, numRuns: 200 },
  );
});

test('the header is what docs/agent-protocol.md says', () => {
  const bytes = encodeFrame({ type: FrameType.Exit, id: 0x0102, payload: Uint8Array.of(9) });
  expect([...bytes.subarray(0, 5)]).toEqual([0xf5, 0x53, 0x54, 0x52, 0x84]);
  expect([...bytes.subarray(6)]).toEqual([2, 1, 1, 0, 0, 0, 9]);
  expect(bytes.subarray(0, 12).reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
});

test('a damaged header costs its own frame alone', () => {
  const first = encodeFrame({ type: 1, id: 1, payload: Uint8Array.of(1, 2, 3) });
  first[5]! ^= 1;
  const second: Frame = { type: 2, id: 2, payload: Uint8Array.of(4) };
  expect(new FrameReader().push(concatBytes([first, encodeFrame(second)]))).toEqual([second]);
});

test('a length that no frame may have is no header', () => {
  const huge = encodeFrame({ type: 1, id: 1, payload: new Uint8Array(0) });
  new DataView(huge.buffer).setUint32(8, PAYLOAD_MAX + 1, true);
  huge[5] = 0;
  huge[5] = -huge.reduce((sum, byte) => sum + byte, 0) & 0xff;
  const next: Frame = { type: 2, id: 2, payload: Uint8Array.of(4) };
  expect(new FrameReader().push(concatBytes([huge, encodeFrame(next)]))).toEqual([next]);
});
