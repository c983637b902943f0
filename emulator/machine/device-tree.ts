/** The device tree of the board: node set and properties as QEMU 7.2's `virt`, for the devices that this board has. */
import { hex } from '../base/bytes.ts';
import { TIMEBASE_HZ } from '../bus/clock.ts';
import type { Device } from '../bus/device.ts';
import { isaString, type CpuFeatures } from '../isa/extensions.ts';
import { UserError } from '../base/user-error.ts';
import type { NamedBytes } from './config.ts';
import { readFdt } from './fdt-read.ts';
import { cells64, FdtNode } from './fdt.ts';
import { PCI_IRQ, PCI_PINS } from './virt-pci.ts';

/** The largest translation mode the CPU has. */
const MMU_TYPE = 'riscv,sv57';

/** Where a slot number stands in the first cell of a PCI address. */
const PCI_SLOT_SHIFT = 11;

const PLIC_PHANDLE = 1;
const TEST_PHANDLE = 2;
const cpuPhandle = (hart: number): number => 3 + 2 * hart;
const intcPhandle = (hart: number): number => 4 + 2 * hart;

/** Where QEMU plugs devices that have no place of their own. None is ever there. */
const PLATFORM_BUS = { base: 0x400_0000, size: 0x200_0000 };

/**
 * For OpenSBI: which events of the SBI's PMU extension the counters count, and that the event's number selects it. The
 * two of cpu/slow/counters.ts are on every programmable counter, and on the fixed one of the same name.
 */
const PROGRAMMABLE_COUNTERS = 0x7fff8;
const PMU_EVENTS: readonly { readonly event: number; readonly fixedCounter: number }[] = [
  { event: 1, fixedCounter: 0 },
  { event: 2, fixedCounter: 2 },
];

/** Interrupt numbers at a hart's own controller. */
const CPU_IRQ = { supervisorSoft: 1, machineSoft: 3, machineTimer: 7, supervisorExternal: 9, machineExternal: 11 };

/** The parts of a CLINT, as devices of their own. */
const MTIMECMP = { offset: 0x4000, size: 0x7ff8 };
const MTIME = { offset: 0xbff8, size: 0x4008 };

export interface SocDevice {
  readonly device: Device;
  /** Node name without unit address. */
  readonly node: string;
  readonly base: number;
  readonly irq?: number;
  /** Its window is several of this size, one behind the other. */
  readonly partBytes?: number;
  /** Beside /soc, not in it. */
  readonly isAtRoot?: boolean;
}

/** What differs from one power-on to the next. */
export interface ChosenInputs {
  readonly append: string;
  readonly initrd?: { readonly start: number; readonly end: number };
  /** 32 random bytes for the kernel's generator. */
  readonly rngSeed: Uint8Array;
}

export interface DeviceTreeInputs extends ChosenInputs {
  readonly ramBase: number;
  readonly ramSize: number;
  /** In the order in which the tree lists them. */
  readonly soc: readonly SocDevice[];
  readonly harts: number;
  readonly cpu: CpuFeatures;
}

export function deviceTreeBlob(inputs: DeviceTreeInputs): Uint8Array {
  const root = new FdtNode('');
  root.prop('#address-cells', 2);
  root.prop('#size-cells', 2);
  root.prop('compatible', 'riscv-virtio');
  root.prop('model', 'riscv-virtio,qemu');
  describeChosen(root.child('chosen'), inputs);
  describeSyscon(root.child('poweroff'), 'syscon-poweroff', 0x5555);
  describeSyscon(root.child('reboot'), 'syscon-reboot', 0x7777);
  describePlatformBus(root.child(`platform-bus@${hex(PLATFORM_BUS.base).slice(2)}`));
  const memory = root.child(`memory@${inputs.ramBase.toString(16)}`);
  memory.prop('device_type', 'memory');
  memory.prop('reg', ...cells64(inputs.ramBase), ...cells64(inputs.ramSize));
  describeCpus(root.child('cpus'), inputs.harts, inputs.cpu);
  describePmu(root.child('pmu'));
  const soc = root.child('soc');
  soc.prop('#address-cells', 2);
  soc.prop('#size-cells', 2);
  soc.prop('compatible', 'simple-bus');
  soc.prop('ranges');
  const hasAclint = inputs.soc.some(({ node }) => node === 'sswi');
  for (const entry of inputs.soc) {
    if (entry.node === 'clint' && hasAclint) describeAclint(soc, entry.base, inputs.harts);
    else describeSocDevice(entry.isAtRoot ? root : soc, entry, inputs.harts);
  }
  return root.toBlob();
}

/** The user's own tree. As QEMU, only /chosen changes, which it must have: what was asked for here wins. */
export function updatedBlob({ name, bytes }: NamedBytes, inputs: ChosenInputs): Uint8Array {
  const tree = readFdt(bytes, name);
  const chosen = tree.root.nodes.find(node => node.name === 'chosen');
  if (!chosen) throw new UserError(`device tree ${name}: it has no node /chosen`, 'add one: chosen { };');
  setChosen(chosen, inputs);
  return tree.root.toBlob(tree);
}

function describeChosen(node: FdtNode, inputs: DeviceTreeInputs): void {
  const uart = inputs.soc.find(s => s.node === 'serial');
  if (uart) node.prop('stdout-path', `/soc/serial@${uart.base.toString(16)}`);
  setChosen(node, inputs);
}

function setChosen(node: FdtNode, { append, initrd, rngSeed }: ChosenInputs): void {
  if (append !== '') node.setProp('bootargs', append);
  node.setProp('rng-seed', rngSeed);
  if (initrd) {
    // One cell each, as QEMU's, but for a kernel that is linked above 4 GiB.
    const cells = initrd.end < 2 ** 32 ? (pa: number): number[] => [pa] : cells64;
    node.setProp('linux,initrd-start', ...cells(initrd.start));
    node.setProp('linux,initrd-end', ...cells(initrd.end));
  }
}

function describeSyscon(node: FdtNode, compatible: string, value: number): void {
  node.prop('compatible', compatible);
  node.prop('regmap', TEST_PHANDLE);
  node.prop('offset', 0);
  node.prop('value', value);
}

function describePlatformBus(node: FdtNode): void {
  node.prop('compatible', 'qemu,platform', 'simple-bus');
  node.prop('#size-cells', 1);
  node.prop('#address-cells', 1);
  node.prop('ranges', 0, ...cells64(PLATFORM_BUS.base), PLATFORM_BUS.size);
  node.prop('interrupt-parent', PLIC_PHANDLE);
}

function describePmu(node: FdtNode): void {
  node.prop('compatible', 'riscv,pmu');
  const rows = PMU_EVENTS.flatMap(({ event, fixedCounter }) => [
    event,
    event,
    PROGRAMMABLE_COUNTERS | (1 << fixedCounter),
  ]);
  node.prop('riscv,event-to-mhpmcounters', ...rows);
}

function describeCpus(cpus: FdtNode, harts: number, features: CpuFeatures): void {
  cpus.prop('#address-cells', 1);
  cpus.prop('#size-cells', 0);
  cpus.prop('timebase-frequency', TIMEBASE_HZ);
  for (let hart = 0; hart < harts; hart++) describeCpu(cpus.child(`cpu@${hart}`), hart, features);
  const cluster = cpus.child('cpu-map').child('cluster0');
  for (let hart = 0; hart < harts; hart++) cluster.child(`core${hart}`).prop('cpu', cpuPhandle(hart));
}

function describeCpu(cpu: FdtNode, hart: number, features: CpuFeatures): void {
  cpu.prop('phandle', cpuPhandle(hart));
  cpu.prop('device_type', 'cpu');
  cpu.prop('reg', hart);
  cpu.prop('status', 'okay');
  cpu.prop('compatible', 'riscv');
  cpu.prop('riscv,isa', isaString(features));
  cpu.prop('mmu-type', features.mmu ? MMU_TYPE : 'riscv,none');
  const intc = cpu.child('interrupt-controller');
  intc.prop('#interrupt-cells', 1);
  // QEMU leaves this one out, and dtc warns.
  intc.prop('#address-cells', 0);
  intc.prop('interrupt-controller');
  intc.prop('compatible', 'riscv,cpu-intc');
  intc.prop('phandle', intcPhandle(hart));
}

function describeSocDevice(soc: FdtNode, { device, node: name, base, irq, partBytes }: SocDevice, harts: number): void {
  const node = soc.child(`${name}@${hex(base).slice(2)}`);
  device.describe(node);
  const size = partBytes ?? device.windowSize;
  const parts = Array.from({ length: device.windowSize / size }, (_, i) => base + i * size);
  node.prop('reg', ...parts.flatMap(at => [...cells64(at), ...cells64(size)]));
  if (irq !== undefined) {
    node.prop('interrupt-parent', PLIC_PHANDLE);
    node.prop('interrupts', irq);
  }
  if (name === 'plic') {
    node.prop('phandle', PLIC_PHANDLE);
    node.prop('interrupts-extended', ...forHarts(harts, 'machineExternal', 'supervisorExternal'));
  }
  if (name === 'clint') node.prop('interrupts-extended', ...forHarts(harts, 'machineSoft', 'machineTimer'));
  if (name === 'sswi') node.prop('interrupts-extended', ...forHarts(harts, 'supervisorSoft'));
  if (name === 'pci') describePciInterrupts(node);
  if (name === 'test') node.prop('phandle', TEST_PHANDLE);
}

function describeAclint(soc: FdtNode, base: number, harts: number): void {
  const mswi = soc.child(`mswi@${hex(base).slice(2)}`);
  mswi.prop('compatible', 'riscv,aclint-mswi');
  mswi.prop('reg', ...cells64(base), ...cells64(MTIMECMP.offset));
  mswi.prop('interrupts-extended', ...forHarts(harts, 'machineSoft'));
  mswi.prop('interrupt-controller');
  mswi.prop('#interrupt-cells', 0);
  const mtimer = soc.child(`mtimer@${hex(base + MTIMECMP.offset).slice(2)}`);
  mtimer.prop('compatible', 'riscv,aclint-mtimer');
  mtimer.prop('reg', ...[MTIME, MTIMECMP].flatMap(({ offset, size }) => [...cells64(base + offset), ...cells64(size)]));
  mtimer.prop('interrupts-extended', ...forHarts(harts, 'machineTimer'));
}

/** Slot n's pin p goes to wire n + p: the map repeats every four slots. */
function describePciInterrupts(node: FdtNode): void {
  const cells: number[] = [];
  for (let slot = 0; slot < PCI_PINS; slot++) {
    for (let pin = 0; pin < PCI_PINS; pin++) {
      const irq = PCI_IRQ + ((slot + pin) % PCI_PINS);
      cells.push(slot << PCI_SLOT_SHIFT, 0, 0, pin + 1, PLIC_PHANDLE, irq);
    }
  }
  node.prop('interrupt-map', ...cells);
  node.prop('interrupt-map-mask', (PCI_PINS - 1) << PCI_SLOT_SHIFT, 0, 0, 7);
}

function forHarts(harts: number, ...lines: (keyof typeof CPU_IRQ)[]): number[] {
  return Array.from({ length: harts }, (_, hart) => lines.flatMap(line => [intcPhandle(hart), CPU_IRQ[line]])).flat();
}
