/**
 * The user-mode network with Debian's Linux as the guest: a TCP, DHCP and ARP that we did not write, and programs of the
 * host on the other side.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { NetOptions } from '../../../emulator/session/machine-options.ts';
import type { Vm } from '../../../emulator/host/node/index.ts';
import { SeededEntropy } from '../../../emulator/device/entropy.ts';

export const NETWORK_MODULES = ['failover', 'net_failover', 'virtio_net'];
const TIMEOUT_MS = 60_000;

/** What udhcpc runs; it prints what it was told. */
const UDHCPC = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add $ip/$mask dev $interface
ip route add default via $router
echo "nameserver $dns" >/etc/resolv.conf
echo "$ip/$mask router $router dns $dns lease $lease host $hostname server $serverid"
`;

/** What the guest needs in its root. */
export function networkFiles(): Record<string, Uint8Array> {
  return { 'mnt/udhcpc': Buffer.from(UDHCPC), 'mnt/udp-echo': udpEcho() };
}

/** A server of the host, and a network that leads to it. */
export interface HostSide {
  readonly net: NetOptions;
  /** What the server has to give. */
  readonly file: Uint8Array;
  /** What it was asked for, a line each. */
  readonly requests: readonly string[];
  close(): void;
}

export async function hostSide(fileBytes: number): Promise<HostSide> {
  const file = randomBytes(fileBytes);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      const hash = createHash('md5');
      request.on('data', part => hash.update(part));
      request.on('end', () => response.end(hash.digest('hex')));
      return;
    }
    requests.push(`${request.method} ${request.url}`);
    response.end(file);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    net: {
      hostname: 'strata',
      hostfwd: ['tcp::0-:80', 'tcp:127.0.0.1:0-10.0.2.15:7', 'tcp::0-:9', 'udp::0-:7'],
      guestfwd: [`tcp:10.0.2.100:80-tcp:127.0.0.1:${port}`, 'tcp:10.0.2.100:81-tcp:127.0.0.1:1'],
    },
    file,
    requests,
    close: () => server.close(),
  };
}

function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  new SeededEntropy(3).fill(bytes);
  return bytes;
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

function udpEcho(): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'strata-udp-'));
  try {
    const program = join(dir, 'udp-echo');
    execFileSync(process.execPath, ['bin/asrv', 'test/boot/guest/udp-echo.ts', '-o', program], { stdio: 'inherit' });
    return readFileSync(program);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Sends bytes to a port of the host, closes that direction, and reads to the end of the other. */
async function exchange(port: number, bytes: Uint8Array): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const parts: Buffer[] = [];
  socket.on('data', part => parts.push(part));
  socket.end(bytes);
  await once(socket, 'end');
  return Buffer.concat(parts);
}

/** Resolves however the connection ends. */
function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
}

/** @param whole with what is above the card too, for which one bus is enough */
export function usesItsNetwork(vm: Vm, { file, requests, close }: HostSide, whole: boolean): void {
  afterAll(close);

  /** Starts a server of the guest and waits until it listens. */
  const serve = (port: number, program: string): Promise<unknown> =>
    vm.sh(
      `nc -ll -p ${port} -e ${program} </dev/null >/dev/null 2>&1 & until netstat -ltn | grep -q ":${port} "; do sleep 0.01; done`,
    );

  /** What is above the card does not know its bus. */
  const testAbove = (name: string, run: () => Promise<void>): void => {
    if (whole) test(name, run);
  };

  test('takes its address from DHCP', async () => {
    await vm.sh('ip link set lo up; ip link set eth0 up');
    expect((await vm.sh('cat /sys/class/net/eth0/address')).stdout).toBe('52:54:00:12:34:56\n');
    const { stdout } = await vm.sh('udhcpc -i eth0 -n -q -f -s /mnt/udhcpc 2>&1');
    expect(stdout).toContain('10.0.2.15/24 router 10.0.2.2 dns 10.0.2.3 lease 86400 host strata server 10.0.2.2\n');
  });

  testAbove('pings the gateway, with packets larger than a frame too', async () => {
    for (const size of [56, 1472, 1473, 20_000]) {
      const { stdout } = await vm.sh(`ping -c 2 -i 0.01 -s ${size} 10.0.2.2`);
      expect(stdout).toContain('2 packets received, 0% packet loss');
    }
  });

  testAbove('reaches nothing else, and learns so at once', async () => {
    const before = vm.machine.nowMs;
    for (const address of ['10.0.2.2:80', '10.0.2.100:82', '127.0.0.1:80', '8.8.8.8:80', '192.168.1.1:22']) {
      const { stderr } = await vm.sh(`wget -O - http://${address}/`);
      expect(stderr).toContain('Connection refused');
    }
    // A forward whose service is not there.
    expect((await vm.sh('wget -O - http://10.0.2.100:81/')).stderr).toContain('Connection refused');
    expect((await vm.sh('nslookup debian.org')).stdout).toContain('REFUSED');
    expect((await vm.sh('traceroute -n -m 3 -q 1 8.8.8.8')).stdout).toMatch(/10\.0\.2\.2 .*!A/);
    expect(vm.machine.nowMs - before).toBeLessThan(5000);
  });

  test('fetches a file from a server of the host', async () => {
    const { stdout } = await vm.sh('wget -q -O - http://10.0.2.100/file | md5sum', { timeoutMs: TIMEOUT_MS });
    expect(stdout).toBe(`${md5(file)}  -\n`);
    expect(requests).toEqual(['GET /file']);
  });

  test('takes a file from the host and gives it back', async () => {
    await serve(7, 'cat');
    const port = await vm.forwardedPort(7);
    const answer = await vm.runUntil(exchange(port, file), TIMEOUT_MS);
    expect(md5(answer)).toBe(md5(file));
  });

  testAbove('sends a file, and hears the answer behind its end', async () => {
    const { stdout } = await vm.sh(
      'head -c 1000000 /dev/urandom >/tmp/f; md5sum </tmp/f; ' +
        '(printf "POST / HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n"; cat /tmp/f) | nc 10.0.2.100 80 | tail -n 1',
    );
    const [sent, received] = stdout.split('\n');
    expect(sent).toBe(`${received}  -`);
  });

  test('four connections at a time', async () => {
    await serve(80, 'md5sum');
    const port = await vm.forwardedPort(80);
    const files = [1, 2, 3, 4].map(n => file.subarray(0, n * 100_000));
    const answers = await vm.runUntil(Promise.all(files.map(each => exchange(port, each))), TIMEOUT_MS);
    expect(answers.map(String)).toEqual(files.map(each => `${md5(each)}  -\n`));
  });

  testAbove('a port where nobody listens in the guest closes at once', async () => {
    const socket = connect({ port: await vm.forwardedPort(9), host: '127.0.0.1' });
    await vm.runUntil(closed(socket));
  });

  testAbove('datagrams go in, and answers find their way back', async () => {
    await vm.sh('/mnt/udp-echo 7 </dev/null >/dev/null 2>&1 & until netstat -uan | grep -q ":7 "; do sleep 0.01; done');
    const socket = createSocket('udp4');
    const port = await vm.forwardedPort(7, 'udp');
    socket.send('knock', port, '127.0.0.1');
    const [bytes] = (await vm.runUntil(once(socket, 'message'))) as [Buffer];
    expect(bytes.toString()).toBe('knock');
    socket.send(file.subarray(0, 5000), port, '127.0.0.1');
    const [large] = (await vm.runUntil(once(socket, 'message'))) as [Buffer];
    expect(md5(large)).toBe(md5(file.subarray(0, 5000)));
    socket.close();
  });

  testAbove('a restore resets connections, on both sides; a fork has ports of its own', async () => {
    await vm.sh('rm -f /tmp/done; (nc 10.0.2.100 80; echo $? >/tmp/done) </dev/zero >/dev/null 2>&1 & sleep 0.1');
    await serve(9, 'cat');
    const socket = connect({ port: await vm.forwardedPort(9), host: '127.0.0.1' });
    socket.write('before');
    const [echo] = (await vm.runUntil(once(socket, 'data'))) as [Buffer];
    expect(echo.toString()).toBe('before');
    const end = closed(socket);
    const moment = vm.snapshot();
    vm.restore(moment);
    await end;
    expect((await vm.sh('until [ -e /tmp/done ]; do sleep 0.01; done; cat /tmp/done')).stdout).toBe('1\n');
    expect(String(await vm.runUntil(exchange(await vm.forwardedPort(9), Buffer.from('after'))))).toBe('after');
    const fork = vm.fork(moment);
    expect(await fork.forwardedPort(9)).not.toBe(await vm.forwardedPort(9));
    expect(String(await fork.runUntil(exchange(await fork.forwardedPort(9), Buffer.from('fork'))))).toBe('fork');
    fork.machine.end(0);
  });
}
