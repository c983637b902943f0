/** The `virt` board: which device sits where, on which interrupt, and in what order the device tree lists it. */
import type { Ram } from '../bus/ram.ts';
import { Bus } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import type { IrqLine } from '../bus/device.ts';
import { Interrupt } from '../cpu/cpu.ts';
import { Aclint } from '../device/aclint.ts';
import { PcapWriter } from '../device/net/pcap.ts';
import { UserNetwork } from '../device/net/user-network.ts';
import type { EntropySource } from '../device/entropy.ts';
import { Flash, FLASH_BANK_BYTES, FLASH_BANKS } from '../device/flash.ts';
import { FwCfg, kernelItems } from '../device/fw-cfg.ts';
import { GoldfishRtc } from '../device/goldfish-rtc.ts';
import { Plic } from '../device/plic.ts';
import { Sswi } from '../device/sswi.ts';
import { TestFinisher } from '../device/test-finisher.ts';
import { Uart16550 } from '../device/uart16550.ts';
import { VirtioBlk } from '../device/virtio/blk.ts';
import { VirtioConsole } from '../device/virtio/console.ts';
import { VirtioMmio } from '../device/virtio/mmio.ts';
import { VirtioNet } from '../device/virtio/net.ts';
import { VirtioRng } from '../device/virtio/rng.ts';
import type { VirtioDevice } from '../device/virtio/virtio-device.ts';
import { VIRTIO_SLOTS, type DeviceSpec, type MachineConfig } from './config.ts';
import type { SocDevice } from './device-tree.ts';
import { mmioSlots } from './virt-mmio.ts';
import { PCI_ECAM_BASE, PCI_IRQ, PCI_PINS, virtPci } from './virt-pci.ts';

export const RAM_BASE = 0x8000_0000;
export const MROM_BASE = 0x1000;
const TEST_BASE = 0x10_0000;
const RTC_BASE = 0x10_1000;
const CLINT_BASE = 0x200_0000;
const SSWI_BASE = 0x2f0_0000;
const PLIC_BASE = 0xc00_0000;
const UART_BASE = 0x1000_0000;
export const FLASH_BASE = 0x2000_0000;
const FW_CFG_BASE = 0x1010_0000;
const VIRTIO_BASE = 0x1000_1000;
const VIRTIO_STRIDE = 0x1000;

const VIRTIO_IRQ = 1;
const UART_IRQ = 10;
const RTC_IRQ = 11;

export interface BoardInputs {
  readonly config: MachineConfig;
  readonly ram: Ram;
  readonly clock: Clock;
  readonly entropy: EntropySource;
  readonly setInterrupt: (hart: number, bit: Interrupt, level: boolean) => void;
  readonly setSsip: (hart: number) => void;
  readonly onExit: (code: number) => void;
  readonly onReset: () => void;
  readonly onConsoleByte: (byte: number) => void;
  /** The host has put something in, between slices of the guest. */
  readonly onActivity: () => void;
}

export interface Board {
  readonly bus: Bus;
  readonly aclint: Aclint;
  readonly uart: Uart16550;
  /** The first virtio-console: the agent's channel. */
  readonly virtioConsole: VirtioConsole | undefined;
  readonly flash: Flash;
  readonly networks: readonly UserNetwork[];
  /** Every device, in device-tree order. */
  readonly soc: readonly SocDevice[];
}

export function virtBoard(inputs: BoardInputs): Board {
  const { config, ram, clock, setInterrupt } = inputs;
  const line =
    (hart: number, bit: Interrupt): IrqLine =>
    level =>
      setInterrupt(hart, bit, level);
  const harts = Array.from({ length: config.harts ?? 1 }, (_, hart) => hart);
  const plic = new Plic(
    harts.flatMap(hart => [line(hart, Interrupt.MEIP), line(hart, Interrupt.SEIP)]),
    config.guestError,
  );
  const aclint = new Aclint(
    clock,
    harts.map(hart => ({ msip: line(hart, Interrupt.MSIP), mtip: line(hart, Interrupt.MTIP) })),
  );
  const uart = new Uart16550(clock, plic.line(UART_IRQ), inputs.onConsoleByte);
  const rtc = new GoldfishRtc(clock, plic.line(RTC_IRQ), BigInt(Math.floor(config.epochMs)) * 1_000_000n);
  const flashImages = Array.from(
    { length: FLASH_BANKS },
    (_, bank) => config.flash?.find(spec => spec.bank === bank)?.backend,
  );
  const flash = new Flash(ram, flashImages, config.guestError);
  const { kernel, initrd } = config;
  const isKernelForFirmware = flashImages[1] !== undefined && kernel !== undefined;
  const fwCfg = new FwCfg({
    ram,
    harts: harts.length,
    files: config.fwCfg ?? [],
    items: isKernelForFirmware ? kernelItems(kernel.bytes, initrd?.bytes, config.append) : [],
    guestError: config.guestError,
  });
  const test = new TestFinisher(inputs.onExit, inputs.onReset);

  const networks: UserNetwork[] = [];
  const virtio = config.devices.map(spec => ({ place: spec, device: virtioDevice(spec, inputs, networks) }));
  const behind = mmioSlots(virtio.filter(({ place }) => place.bus !== 'pci'));
  const pci = virtPci(
    ram,
    Array.from({ length: PCI_PINS }, (_, pin) => plic.line(PCI_IRQ + pin)),
    virtio.filter(({ place }) => place.bus === 'pci'),
    config.guestError,
  );
  // QEMU lists them from the last one down.
  const slots = Array.from({ length: VIRTIO_SLOTS }, (_, nth): SocDevice => {
    const index = VIRTIO_SLOTS - 1 - nth;
    const irq = VIRTIO_IRQ + index;
    const device = new VirtioMmio({
      index,
      ram,
      irq: plic.line(irq),
      isLegacy: config.isVirtioLegacy,
      device: behind[index],
      guestError: config.guestError,
    });
    return { device, node: 'virtio_mmio', base: VIRTIO_BASE + index * VIRTIO_STRIDE, irq };
  });
  const soc: SocDevice[] = [
    { device: fwCfg, node: 'fw-cfg', base: FW_CFG_BASE, isAtRoot: true },
    { device: flash, node: 'flash', base: FLASH_BASE, isAtRoot: true, partBytes: FLASH_BANK_BYTES },
    { device: rtc, node: 'rtc', base: RTC_BASE, irq: RTC_IRQ },
    { device: uart, node: 'serial', base: UART_BASE, irq: UART_IRQ },
    { device: test, node: 'test', base: TEST_BASE },
    { device: pci, node: 'pci', base: PCI_ECAM_BASE },
    ...slots,
    { device: plic, node: 'plic', base: PLIC_BASE },
    ...(config.hasAclint ? [{ device: new Sswi(harts.length, inputs.setSsip), node: 'sswi', base: SSWI_BASE }] : []),
    { device: aclint, node: 'clint', base: CLINT_BASE },
  ];
  const bus = new Bus(config.guestError);
  for (const { base, device } of [...soc, ...pci.windows]) bus.attach(base, device);
  const virtioConsole = virtio.map(({ device }) => device).find(device => device instanceof VirtioConsole);
  return { bus, aclint, uart, virtioConsole, flash, networks, soc };
}

function virtioDevice(spec: DeviceSpec, inputs: BoardInputs, networks: UserNetwork[]): VirtioDevice {
  switch (spec.kind) {
    case 'blk':
      return new VirtioBlk(spec.backend, spec.serial);
    case 'console':
      return new VirtioConsole();
    case 'rng':
      return new VirtioRng(inputs.entropy);
    case 'net': {
      const { clock, config, onActivity } = inputs;
      const network = new UserNetwork({
        config: spec.network,
        clock,
        sockets: spec.sockets,
        log: config.guestError,
        dumps: (spec.dumps ?? []).map(({ sink, lengthMax }) => new PcapWriter(sink, lengthMax)),
        epochMs: config.epochMs,
        onActivity,
      });
      networks.push(network);
      return new VirtioNet(spec.mac, network);
    }
  }
}
