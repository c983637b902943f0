/** SiFive test finisher: how a guest ends the machine with an exit code. As in QEMU `hw/misc/sifive_test.c`. */
import type { Device, DtNode, Width } from '../bus/device.ts';

const PASS = 0x5555;
const FAIL = 0x3333;
const RESET = 0x7777;

export class TestFinisher implements Device {
  readonly name = 'test';
  readonly windowSize = 0x1000;
  readonly minWidth = 2;
  readonly maxWidth = 4;

  constructor(
    private readonly onExit: (code: number) => void,
    private readonly onReset: () => void,
  ) {}

  read(): number {
    return 0;
  }

  write(offset: number, _width: Width, value: number): void {
    if (offset !== 0) return;
    switch (value & 0xffff) {
      case PASS:
        this.onExit(0);
        break;
      case FAIL:
        // QEMU exits 0 on FAIL with code 0; a failure must not look like success.
        this.onExit(value >>> 16 || 1);
        break;
      case RESET:
        this.onReset();
        break;
      default:
    }
  }

  reset(): void {}
  save(): void {}
  load(): void {}

  describe(node: DtNode): void {
    node.prop('compatible', 'sifive,test1', 'sifive,test0', 'syscon');
  }
}
