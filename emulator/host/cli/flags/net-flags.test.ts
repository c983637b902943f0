import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../../base/user-error.ts';
import { formatIp, formatMac } from '../../../device/net/addresses.ts';
import type { DeviceSpec } from '../../../machine/config.ts';
import { builtImage } from '../../node/files.ts';
import { buildMachine } from '../build-machine.ts';
import { parseCommandLine } from './parse.ts';

type Card = Extract<DeviceSpec, { kind: 'net' }>;

/** The network cards of a command line; any file does as the kernel. */
function cards(line: string): Card[] {
  const { config, files } = buildMachine(parseCommandLine(['-kernel', 'package.json', ...line.split(' ')]), () => {});
  for (const file of files) file.close();
  return config.devices.filter((spec): spec is Card => spec.kind === 'net');
}

test('-netdev and -device make a card', () => {
  const [first, second] = cards(
    '-netdev user,id=a,hostfwd=tcp::8080-:80,hostfwd=udp:127.0.0.2:53-10.0.2.16:5353,guestfwd=tcp:10.0.2.100:1-tcp:127.0.0.1:2,restrict=on ' +
      '-netdev user,id=b,net=192.168.7.0/24,host=192.168.7.1,dns=192.168.7.9,dhcpstart=192.168.7.100,hostname=h ' +
      '-device virtio-net-device,netdev=a -device virtio-net-pci,netdev=b,addr=4',
  );
  expect(first).toMatchObject({ bus: 'mmio' });
  expect(formatMac(first!.mac)).toBe('52:54:00:12:34:56');
  const end = ({ ip, port }: { ip: number; port: number }): string => `${formatIp(ip)}:${port}`;
  const { network } = first!;
  expect(network.hostForwards.map(({ protocol, host, guest }) => [protocol, end(host), end(guest)])).toEqual([
    ['tcp', '127.0.0.1:8080', '10.0.2.15:80'],
    ['udp', '127.0.0.2:53', '10.0.2.16:5353'],
  ]);
  expect(network.guestForwards.map(({ server, host }) => [end(server), end(host)])).toEqual([
    ['10.0.2.100:1', '127.0.0.1:2'],
  ]);
  expect([network.host, network.dns, network.dhcpStart].map(formatIp)).toEqual(['10.0.2.2', '10.0.2.3', '10.0.2.15']);
  expect(second).toMatchObject({ bus: 'pci', addr: { slot: 4, fn: 0 } });
  expect(formatMac(second!.mac)).toBe('52:54:00:12:34:57');
  const other = second!.network;
  expect([other.host, other.dns, other.dhcpStart].map(formatIp)).toEqual([
    '192.168.7.1',
    '192.168.7.9',
    '192.168.7.100',
  ]);
  expect(other.hostname).toBe('h');
});

test('-nic does it in one; none takes it back', () => {
  const [card] = cards('-nic user,model=virtio-net-pci,mac=52:54:00:00:00:01,hostfwd=tcp::0-:22');
  expect(card).toMatchObject({ bus: 'pci' });
  expect(formatMac(card!.mac)).toBe('52:54:00:00:00:01');
  expect(cards('-nic user')).toHaveLength(1);
  expect(cards('-nic user -nic none')).toEqual([]);
  expect(cards('-nic none')).toEqual([]);
  expect(cards('-nic user -net none')).toEqual([]);
});

test('without a flag there is no card', () => {
  const options = parseCommandLine(['-kernel', builtImage('kernel.elf')]);
  expect([options.netdevs, options.nics]).toEqual([[], []]);
});

test('filter-dump begins a capture', () => {
  const folder = mkdtempSync(join(tmpdir(), 'filter-dump-'));
  try {
    const file = join(folder, 'f.pcap');
    const [card] = cards(`-nic user,id=n -object filter-dump,id=f,netdev=n,file=${file},maxlen=100`);
    expect(card!.dumps).toMatchObject([{ lengthMax: 100 }]);
    expect(readFileSync(file)).toHaveLength(0); // the machine writes its header
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['-netdev tap,id=a', 'only -netdev user'],
  ['-netdev user', 'id='],
  ['-netdev user,id=a', 'no -device uses it | add -device virtio-net-pci,netdev=a'],
  ['-netdev user,id=a,hostfwd=tcp::1-:1 -netdev user,id=a', 'there twice'],
  ['-netdev user,id=a,hostfd=tcp::1-:1', 'did you mean hostfwd?'],
  ['-netdev user,id=a,hostfwd=tcp:8080', 'hostfwd=tcp:127.0.0.1:8080-:80'],
  ['-netdev user,id=a,hostfwd=tcp::80000-:80', 'below 65536'],
  ['-netdev user,id=a,hostfwd=tcp::80-:0', 'below 65536'],
  ['-netdev user,id=a,hostfwd=tcp:0.0.0.0:80-:80', "0.0.0.0 is not of this host's loopback"],
  ['-netdev user,id=a,hostfwd=tcp:192.168.1.1:80-:80', 'loopback'],
  ['-netdev user,id=a,hostfwd=tcp::80-10.0.3.15:80', 'no address of a guest'],
  ['-netdev user,id=a,guestfwd=tcp:10.0.2.100:80-tcp:10.1.1.1:80', 'loopback'],
  ['-netdev user,id=a,guestfwd=tcp:10.0.2.100:80-tcp:example.org:80', 'not understood'],
  ['-netdev user,id=a,guestfwd=tcp:10.0.2.100:80-cmd:ls', 'not understood'],
  ['-netdev user,id=a,guestfwd=tcp:10.0.2.2:80-tcp:127.0.0.1:80', 'another use'],
  ['-netdev user,id=a,guestfwd=tcp:10.0.2.20:80-tcp:127.0.0.1:80', 'another use'],
  ['-netdev user,id=a,guestfwd=tcp:8.8.8.8:80-tcp:127.0.0.1:80', 'not in the network'],
  ['-netdev user,id=a,restrict=off', 'no outside'],
  ['-netdev user,id=a,ipv6=on', 'no IPv6'],
  ['-netdev user,id=a,net=10.0.2.0/30', 'prefix'],
  ['-netdev user,id=a,host=10.0.3.2', 'not in the network'],
  ['-netdev user,id=a,dhcpstart=10.0.2.250', 'less than 16'],
  ['-netdev user,id=a,dhcpstart=10.0.2.1', 'move dhcpstart='],
  ['-device virtio-net-pci', 'no netdev='],
  ['-device virtio-net-pci,netdev=x', 'no -netdev has that id'],
  ['-device e1000,netdev=x', 'known are'],
  ['-netdev user,id=a -device virtio-net-pci,netdev=a -device virtio-net-pci,netdev=a', 'in use'],
  ['-netdev user,id=a -device virtio-net-pci,netdev=a,mac=01:00:00:00:00:00', 'mac=01:00:00:00:00:00'],
  ['-nic user,model=e1000', 'model e1000'],
  ['-nic tap', 'only -nic user'],
  ['-net nic', 'write -nic user'],
  ['-object memory-backend-ram,id=r', 'filter-dump'],
  ['-object filter-dump,id=f,netdev=x,file=/tmp/f', 'no netdev has the id x'],
  ['-nic user,id=n -object filter-dump,id=f,netdev=n,file=/no/such/f', 'filter-dump /no/such/f: no such file'],
])('%s is refused', (line, message) => {
  let refusal = '';
  try {
    cards(line);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    refusal = `${error.message} | ${error.hint}`;
  }
  expect(refusal).toContain(message);
});
