/** Zeroes over a range of any backend. What is zero already stays unwritten, so that a sparse file stays sparse. */
import type { BlockBackend } from './block-backend.ts';

const PIECE_BYTES = 1 << 18;
const ZEROES = new Uint8Array(PIECE_BYTES);

/** Precondition: the range lies inside the disk, which is not read-only. */
export function writeZeroes(backend: BlockBackend, offset: number, length: number): void {
  if (backend.writeZeroes) {
    backend.writeZeroes(offset, length);
    return;
  }
  const piece = new Uint8Array(Math.min(PIECE_BYTES, length));
  for (let done = 0; done < length; done += PIECE_BYTES) {
    const part = piece.subarray(0, Math.min(PIECE_BYTES, length - done));
    backend.read(offset + done, part);
    if (part.some(byte => byte !== 0)) backend.write(offset + done, ZEROES.subarray(0, part.length));
  }
}
