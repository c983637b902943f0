/** A disk no two blocks of which are the same, made as it is read: AES in counter mode, by offset. */
import { createCipheriv, createHash } from 'node:crypto';
import type { BlockBackend } from '../../../emulator/storage/block-backend.ts';

const KEY = Buffer.from('0123456789abcdef');
const AES_BLOCK = 16;
const STEP = 1 << 20;

export class PatternDisk implements BlockBackend {
  readonly isReadOnly = true;

  constructor(readonly sizeBytes: number) {}

  /** Precondition, as of every disk: whole sectors. */
  read(offset: number, target: Uint8Array): void {
    const counter = Buffer.alloc(AES_BLOCK);
    counter.writeUInt32BE(offset / AES_BLOCK, AES_BLOCK - 4);
    target.set(createCipheriv('aes-128-ctr', KEY, counter).update(new Uint8Array(target.length)));
  }

  write(): void {
    throw new Error('the pattern disk is read-only');
  }
  flush(): void {}

  /** Without any guest. */
  md5(): string {
    const hash = createHash('md5');
    const part = new Uint8Array(STEP);
    for (let offset = 0; offset < this.sizeBytes; offset += STEP) {
      this.read(offset, part);
      hash.update(part);
    }
    return hash.digest('hex');
  }
}
