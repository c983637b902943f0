import { expect, test } from 'vitest';
import { UserError } from '../base/user-error.ts';
import { formatMac } from '../device/net/addresses.ts';
import { machineConfig } from './machine-options.ts';

const kernel = new Uint8Array(4);

test('a network card is asked for in the words of -netdev', () => {
  const { devices } = machineConfig({ kernel, net: { mac: '52:54:00:00:00:07', bus: 'pci', host: '10.0.2.9' } });
  const card = devices.find(({ kind }) => kind === 'net');
  expect(card).toMatchObject({ kind: 'net', bus: 'pci', network: { host: 0x0a00_0209 } });
  expect(formatMac((card as { mac: Uint8Array }).mac)).toBe('52:54:00:00:00:07');
  expect(machineConfig({ kernel }).devices.some(({ kind }) => kind === 'net')).toBe(false);
});

test('extensions differ by name, and must have what they need', () => {
  expect(machineConfig({ kernel, cpu: { zbb: false } }).cpu).toMatchObject({ zbb: false, zba: true, svinval: false });
  expect(() => machineConfig({ kernel, cpu: { f: false } })).toThrow(/d needs f/);
  expect(() => machineConfig({ kernel, cpu: { zzz: true } as object })).toThrow(/no extension zzz/);
});

test.each([
  [{ mac: 'x' }, /mac x/],
  [{ hostfwd: ['tcp::80-:80'] }, /sockets/],
  [{ dhcpstart: '1.2.3.4' }, /dhcpstart/],
])('%j is refused', (net, message) => {
  expect(() => machineConfig({ kernel, net })).toThrow(UserError);
  expect(() => machineConfig({ kernel, net })).toThrow(message);
});
