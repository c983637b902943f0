/**
 * virtio-blk (virtio 1.2, section 5.2) over a storage backend: read, write, flush, get-id, discard, write zeroes. Requests are done before the
 * notification returns, so guest time stands still while the backend answers. What a request may get wrong ends in its
 * status byte; what makes it no request at all (no header, no status) breaks the device, as in QEMU.
 */
import { isOurMistake } from '../../base/assert.ts';
import { highWord, utf8, viewOf } from '../../base/bytes.ts';
import type { StateReader, StateWriter } from '../../base/state.ts';
import { SECTOR_SIZE, type BlockBackend } from '../../storage/block-backend.ts';
import { writeZeroes } from '../../storage/zeroes.ts';
import type { Chain } from './queue.ts';
import type { Transport, VirtioDevice } from './virtio-device.ts';

const VIRTIO_BLK_F_SEG_MAX = 2;
const VIRTIO_BLK_F_RO = 5;
const VIRTIO_BLK_F_BLK_SIZE = 6;
const VIRTIO_BLK_F_FLUSH = 9;
const VIRTIO_BLK_F_TOPOLOGY = 10;
const VIRTIO_BLK_F_DISCARD = 13;
const VIRTIO_BLK_F_WRITE_ZEROES = 14;

const VIRTIO_BLK_T_IN = 0;
const VIRTIO_BLK_T_OUT = 1;
const VIRTIO_BLK_T_FLUSH = 4;
const VIRTIO_BLK_T_GET_ID = 8;
const VIRTIO_BLK_T_DISCARD = 11;
const VIRTIO_BLK_T_WRITE_ZEROES = 13;

const VIRTIO_BLK_S_OK = 0;
const VIRTIO_BLK_S_IOERR = 1;
const VIRTIO_BLK_S_UNSUPP = 2;

const QUEUE_SIZE = 256;
/** Header and status take a descriptor each. */
const SEG_MAX = QUEUE_SIZE - 2;
const HEADER_BYTES = 16;
const ID_BYTES = 20;
/** Data moves in pieces, so that no descriptor chain makes us allocate what it claims. */
const PIECE_BYTES = 128 * 1024;

/** struct virtio_blk_discard_write_zeroes: sector u64, num_sectors u32, flags u32. */
const RANGE_BYTES = 16;
const FLAG_UNMAP = 1;
/** Of one range: QEMU's default, 2 GiB less a sector. */
const RANGE_SECTORS_MAX = 0x3f_ffff;
/** Of one request: a page of them. QEMU takes one. */
const RANGES_MAX = 256;

const CONFIG_SIZE = 60;
const CONFIG_CAPACITY = 0;
const CONFIG_SEG_MAX = 12;
const CONFIG_BLK_SIZE = 20;
const CONFIG_MIN_IO_SIZE = 26;
const CONFIG_MAX_DISCARD_SECTORS = 36;
const CONFIG_MAX_DISCARD_SEG = 40;
const CONFIG_DISCARD_SECTOR_ALIGNMENT = 44;
const CONFIG_MAX_WRITE_ZEROES_SECTORS = 48;
const CONFIG_MAX_WRITE_ZEROES_SEG = 52;
const CONFIG_WRITE_ZEROES_MAY_UNMAP = 56;

interface Outcome {
  readonly status: number;
  /** Data bytes written to the guest, not counting the status byte. */
  readonly written: number;
}

export class VirtioBlk implements VirtioDevice {
  readonly label = 'virtio-blk';
  readonly deviceId = 2;
  readonly queueSizes = [QUEUE_SIZE];
  readonly features: readonly number[];
  readonly configSize = CONFIG_SIZE;
  private readonly config = new Uint8Array(CONFIG_SIZE);
  private readonly id = new Uint8Array(ID_BYTES);
  private readonly piece = new Uint8Array(PIECE_BYTES);
  private transport!: Transport;

  constructor(
    private readonly backend: BlockBackend,
    serial: string,
  ) {
    this.features = [
      VIRTIO_BLK_F_SEG_MAX,
      VIRTIO_BLK_F_BLK_SIZE,
      VIRTIO_BLK_F_FLUSH,
      VIRTIO_BLK_F_TOPOLOGY,
      VIRTIO_BLK_F_DISCARD,
      VIRTIO_BLK_F_WRITE_ZEROES,
      ...(backend.isReadOnly ? [VIRTIO_BLK_F_RO] : []),
    ];
    this.id.set(utf8(serial).subarray(0, ID_BYTES));
    const view = viewOf(this.config);
    view.setUint32(CONFIG_CAPACITY, this.capacity >>> 0, true);
    view.setUint32(CONFIG_CAPACITY + 4, highWord(this.capacity), true);
    view.setUint32(CONFIG_SEG_MAX, SEG_MAX, true);
    view.setUint32(CONFIG_BLK_SIZE, SECTOR_SIZE, true);
    view.setUint16(CONFIG_MIN_IO_SIZE, 1, true);
    view.setUint32(CONFIG_MAX_DISCARD_SECTORS, RANGE_SECTORS_MAX, true);
    view.setUint32(CONFIG_MAX_DISCARD_SEG, RANGES_MAX, true);
    view.setUint32(CONFIG_DISCARD_SECTOR_ALIGNMENT, 1, true);
    view.setUint32(CONFIG_MAX_WRITE_ZEROES_SECTORS, RANGE_SECTORS_MAX, true);
    view.setUint32(CONFIG_MAX_WRITE_ZEROES_SEG, RANGES_MAX, true);
    this.config[CONFIG_WRITE_ZEROES_MAY_UNMAP] = 1;
  }

  attach(transport: Transport): void {
    this.transport = transport;
  }

  notify(): void {
    const queue = this.transport.queues[0]!;
    queue.drain(chain => {
      const statusAt = chain.inLength - 1;
      if (statusAt < 0 || chain.outLength < HEADER_BYTES) {
        this.transport.fail('a request without header or status');
        return false;
      }
      const { status, written } = this.serve(chain, statusAt);
      chain.write(statusAt, Uint8Array.of(status));
      queue.push(chain, written + 1);
      return true;
    });
    if (this.transport.isRunning) this.transport.notifyUsed(queue);
  }

  readConfig(offset: number): number {
    return this.config[offset] ?? 0;
  }
  writeConfig(): void {}
  reset(): void {}
  /** The disk's contents are the machine's to save: a snapshot shares what did not change. */
  save(_out: StateWriter): void {}
  load(_from: StateReader): void {}

  /** In sectors. */
  private get capacity(): number {
    return Math.floor(this.backend.sizeBytes / SECTOR_SIZE);
  }

  private serve(chain: Chain, dataBytes: number): Outcome {
    const header = new Uint8Array(HEADER_BYTES);
    chain.read(0, header);
    const view = viewOf(header);
    const sector = view.getUint32(8, true) + view.getUint32(12, true) * 2 ** 32;
    try {
      switch (view.getUint32(0, true)) {
        case VIRTIO_BLK_T_IN:
          return this.readSectors(chain, sector, dataBytes);
        case VIRTIO_BLK_T_OUT:
          return this.writeSectors(chain, sector, chain.outLength - HEADER_BYTES);
        case VIRTIO_BLK_T_FLUSH:
          this.backend.flush();
          return { status: VIRTIO_BLK_S_OK, written: 0 };
        case VIRTIO_BLK_T_GET_ID:
          return { status: VIRTIO_BLK_S_OK, written: chain.write(0, this.id.subarray(0, dataBytes)) };
        case VIRTIO_BLK_T_DISCARD:
          return { status: this.clearRanges(chain, false), written: 0 };
        case VIRTIO_BLK_T_WRITE_ZEROES:
          return { status: this.clearRanges(chain, true), written: 0 };
        default:
          return { status: VIRTIO_BLK_S_UNSUPP, written: 0 };
      }
    } catch (error) {
      if (isOurMistake(error)) throw error;
      // The host's disk is full, its file is gone, …: an I/O error to the guest, as of a real disk.
      return { status: VIRTIO_BLK_S_IOERR, written: 0 };
    }
  }

  private isInside(sector: number, bytes: number): boolean {
    return bytes % SECTOR_SIZE === 0 && sector + bytes / SECTOR_SIZE <= this.capacity;
  }

  private readSectors(chain: Chain, sector: number, bytes: number): Outcome {
    if (!this.isInside(sector, bytes)) return { status: VIRTIO_BLK_S_IOERR, written: 0 };
    for (let done = 0; done < bytes;) {
      const piece = this.piece.subarray(0, Math.min(PIECE_BYTES, bytes - done));
      this.backend.read(sector * SECTOR_SIZE + done, piece);
      done += chain.write(done, piece);
    }
    return { status: VIRTIO_BLK_S_OK, written: bytes };
  }

  private writeSectors(chain: Chain, sector: number, bytes: number): Outcome {
    const isRefused = this.backend.isReadOnly || !this.isInside(sector, bytes);
    if (isRefused) return { status: VIRTIO_BLK_S_IOERR, written: 0 };
    for (let done = 0; done < bytes;) {
      const piece = this.piece.subarray(0, Math.min(PIECE_BYTES, bytes - done));
      chain.read(HEADER_BYTES + done, piece);
      this.backend.write(sector * SECTOR_SIZE + done, piece);
      done += piece.length;
    }
    return { status: VIRTIO_BLK_S_OK, written: 0 };
  }

  /** Discard and write zeroes (5.2.6.2). Nothing is done unless every range is in order. */
  private clearRanges(chain: Chain, areZeroes: boolean): number {
    const bytes = chain.outLength - HEADER_BYTES;
    if (bytes === 0 || bytes % RANGE_BYTES !== 0 || bytes > RANGES_MAX * RANGE_BYTES) return VIRTIO_BLK_S_UNSUPP;
    if (this.backend.isReadOnly) return VIRTIO_BLK_S_IOERR;
    const list = new Uint8Array(bytes);
    chain.read(HEADER_BYTES, list);
    const view = viewOf(list);
    const ranges: { readonly sector: number; readonly count: number }[] = [];
    for (let at = 0; at < bytes; at += RANGE_BYTES) {
      const sector = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
      const count = view.getUint32(at + 8, true);
      const flags = view.getUint32(at + 12, true);
      // A discard unmaps anyway: the flag is write zeroes' own.
      if (flags & ~(areZeroes ? FLAG_UNMAP : 0)) return VIRTIO_BLK_S_UNSUPP;
      if (count > RANGE_SECTORS_MAX || !this.isInside(sector, count * SECTOR_SIZE)) return VIRTIO_BLK_S_IOERR;
      ranges.push({ sector, count });
    }
    // Ranges that overlap could ask for the same work without end.
    if (ranges.reduce((sum, { count }) => sum + count, 0) > this.capacity) return VIRTIO_BLK_S_IOERR;
    for (const { sector, count } of ranges) {
      if (areZeroes) writeZeroes(this.backend, sector * SECTOR_SIZE, count * SECTOR_SIZE);
      else this.backend.discard?.(sector * SECTOR_SIZE, count * SECTOR_SIZE);
    }
    return VIRTIO_BLK_S_OK;
  }
}
