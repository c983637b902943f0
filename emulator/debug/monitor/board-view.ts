/** `info mtree`, `info qtree` and `info block`: what the machine is made of, and where it sits. */
import type { Machine } from '../../machine/machine.ts';

const hex = (address: number): string => address.toString(16).padStart(16, '0');

/** Windows of the physical address space, RAM among them, by address. */
export function memoryTree(machine: Machine): string {
  const { ram, bus } = machine;
  const windows = [
    ...bus.windows.map(({ base, end, device }) => ({ base, end, kind: 'i/o', name: device.name })),
    { base: ram.base, end: ram.base + ram.size, kind: 'ram', name: 'ram' },
  ];
  windows.sort((a, b) => a.base - b.base);
  const lines = windows.map(({ base, end, kind, name }) => `  ${hex(base)}-${hex(end - 1)} (${kind}): ${name}\n`);
  return `address-space: memory\n${lines.join('')}`;
}

/** Every device with its interrupt, its window, and what is behind its registers. */
export function deviceTree(machine: Machine): string {
  const lines = ['bus: main-system-bus'];
  for (const { device, base, irq } of machine.soc) {
    lines.push(`  dev: ${device.name}`);
    if (irq !== undefined) lines.push(`    irq ${irq}`);
    lines.push(`    mmio ${hex(base)}/${hex(device.windowSize)}`);
    for (const line of device.inspect?.() ?? []) lines.push(`    ${line}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The drives in the order of the command line. */
export function drives(machine: Machine): string {
  const lines = machine.config.devices.flatMap(spec => {
    if (spec.kind !== 'blk') return [];
    const { backend, serial } = spec;
    const access = backend.isReadOnly ? 'read-only' : 'read-write';
    return [
      `${backend.label ?? 'in memory'}, ${backend.sizeBytes} bytes, ${access}${serial ? `, serial ${serial}` : ''}`,
    ];
  });
  return lines.length === 0 ? 'no drives\n' : lines.map((line, i) => `drive ${i}: ${line}\n`).join('');
}
