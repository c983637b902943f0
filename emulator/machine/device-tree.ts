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

/** Interrupt numbers at a hart's own controller. */
const CPU_IRQ = { supervisorExternal: 9, machineExternal: 11, machineSoft: 3, machineTimer: 7 };

export interface SocDevice {
  readonly device: Device;
  /** Node name without unit address. */
  readonly node: string;
  readonly base: number;
  readonly irq?: number;
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
  const memory = root.child(`memory@${inputs.ramBase.toString(16)}`);
  memory.prop('device_type', 'memory');
  memory.prop('reg', ...cells64(inputs.ramBase), ...cells64(inputs.ramSize));
  describeCpus(root.child('cpus'), inputs.harts, inputs.cpu);
  const soc = root.child('soc');
  soc.prop('#address-cells', 2);
  soc.prop('#size-cells', 2);
  soc.prop('compatible', 'simple-bus');
  soc.prop('ranges');
  for (const entry of inputs.soc) describeSocDevice(soc, entry, inputs.harts);
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
    node.setProp('linux,initrd-start', ...cells64(initrd.start));
    node.setProp('linux,initrd-end', ...cells64(initrd.end));
  }
}

function describeSyscon(node: FdtNode, compatible: string, value: number): void {
  node.prop('compatible', compatible);
  node.prop('regmap', TEST_PHANDLE);
  node.prop('offset', 0);
  node.prop('value', value);
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

function describeSocDevice(soc: FdtNode, { device, node: name, base, irq }: SocDevice, harts: number): void {
  const node = soc.child(`${name}@${hex(base).slice(2)}`);
  device.describe(node);
  node.prop('reg', ...cells64(base), ...cells64(device.windowSize));
  if (irq !== undefined) {
    node.prop('interrupt-parent', PLIC_PHANDLE);
    node.prop('interrupts', irq);
  }
  if (name === 'plic') {
    node.prop('phandle', PLIC_PHANDLE);
    node.prop('interrupts-extended', ...forHarts(harts, 'machineExternal', 'supervisorExternal'));
  }
  if (name === 'clint') node.prop('interrupts-extended', ...forHarts(harts, 'machineSoft', 'machineTimer'));
  if (name === 'pci') describePciInterrupts(node);
  if (name === 'test') node.prop('phandle', TEST_PHANDLE);
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
