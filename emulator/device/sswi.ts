/**
 * ACLINT's SSWI device: one register for each hart, and a 1 written there raises its supervisor software interrupt, which
 * supervisor software itself clears in sip. RISC-V ACLINT specification 1.0, section 4; QEMU's `-M virt,aclint=on`.
 */
import type { Device, DtNode, Width } from '../bus/device.ts';

export class Sswi implements Device {
  readonly name = 'sswi';
  readonly windowSize = 0x4000;
  readonly minWidth = 4;
  readonly maxWidth = 4;

  constructor(
    private readonly harts: number,
    private readonly setSsip: (hart: number) => void,
  ) {}

  read(): number {
    return 0;
  }

  write(offset: number, _width: Width, value: number): void {
    const hart = offset >>> 2;
    if (hart < this.harts && (value & 1) !== 0) this.setSsip(hart);
  }

  /** It keeps nothing: the bit is the hart's. */
  reset(): void {}
  save(): void {}
  load(): void {}

  describe(node: DtNode): void {
    node.prop('compatible', 'riscv,aclint-sswi');
    node.prop('interrupt-controller');
    node.prop('#interrupt-cells', 0);
  }
}
