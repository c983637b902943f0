/** `info mtree`, `info qtree`, `info block` and `info network`: what the machine is made of, and where it sits. */
import { formatIp, formatMac } from '../../device/net/addresses.ts';
import type { Endpoint } from '../../device/net/config.ts';
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

/** The network cards in the order of the command line, and under each what its network is and where its forwards lead. */
export function networks(machine: Machine): string {
  const lines = machine.config.devices.flatMap(spec => {
    if (spec.kind !== 'net') return [];
    const { mac, bus = 'mmio', network } = spec;
    return [
      `model=virtio-net-${bus === 'pci' ? 'pci' : 'device'},macaddr=${formatMac(mac)}`,
      ` \\ type=user,net=${formatIp(network.network)}/${network.prefix},host=${formatIp(network.host)}`,
      ...network.hostForwards.map(
        ({ protocol, host, guest }) => `   hostfwd=${protocol}:${place(host)}-${place(guest)}`,
      ),
      ...network.guestForwards.map(({ server, host }) => `   guestfwd=tcp:${place(server)}-tcp:${place(host)}`),
    ];
  });
  return lines.length === 0 ? 'no network cards\n' : lines.map(line => `${line}\n`).join('');
}

const place = ({ ip, port }: Endpoint): string => `${formatIp(ip)}:${port}`;
