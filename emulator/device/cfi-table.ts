/**
 * What a flash chip of QEMU's `virt` answers to a CFI query (Common Flash Interface, JEDEC JESD68.01; Intel's extended
 * table behind it), by word of the chip: 16 MiB in 128 blocks of 128 KiB, buffered programming of 2 KiB.
 */
const CHIP_BYTES_LOG2 = 24;
const BLOCKS = 128;
const BLOCK_BYTES = 0x2_0000;
const BUFFER_BYTES_LOG2 = 11;

const ROWS: readonly (readonly [at: number, ...values: number[]])[] = [
  [0x10, 0x51, 0x52, 0x59], // QRY
  [0x13, 0x01, 0x00], // Intel's command set
  [0x15, 0x31, 0x00], // where its table is
  [0x1b, 0x45, 0x55], // Vcc from 4.5 V to 5.5 V
  [0x1f, 0x07, 0x07, 0x0a, 0x00], // typical times as powers of two: word, buffer (µs), block, chip (ms)
  [0x23, 0x04, 0x04, 0x04, 0x00], // at most 2^n times as long
  [0x27, CHIP_BYTES_LOG2],
  [0x28, 0x02, 0x00], // 8 and 16 bits wide
  [0x2a, BUFFER_BYTES_LOG2, 0x00],
  [0x2c, 1], // one region of blocks
  [0x2d, (BLOCKS - 1) & 0xff, (BLOCKS - 1) >> 8, (BLOCK_BYTES >> 8) & 0xff, BLOCK_BYTES >> 16],
  [0x31, 0x50, 0x52, 0x49, 0x31, 0x30], // PRI, version 1.0, no features
  [0x3f, 0x01], // protection fields
];

export const CFI_TABLE: readonly number[] = ROWS.reduce((table, [at, ...values]) => {
  values.forEach((value, i) => (table[at + i] = value));
  return table;
}, new Array<number>(0x52).fill(0));
