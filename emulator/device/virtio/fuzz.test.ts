/** Hostile drivers: whatever stands in registers and rings, every access returns, and a reset brings the device back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../storage/memory-backend.ts';
import { SeededEntropy } from '../entropy.ts';
import { VirtioBlk } from './blk.ts';
import { VirtioConsole } from './console.ts';
import { GUEST_MAC, TestGuest } from '../net/test-guest.ts';
import { VirtioNet } from './net.ts';
import { VirtioRng } from './rng.ts';
import { BUFFERS, QUEUE_SIZE, RAM_BASE, TestDriver } from './test-driver.ts';
import type { VirtioDevice } from './virtio-device.ts';

const SEED = 20_261_121;
const RUNS = 400;

const DEVICES: readonly (() => VirtioDevice)[] = [
  () => new VirtioBlk(new MemoryBackend(new Uint8Array(64 * 512)), ''),
  () => new VirtioConsole(),
  () => new VirtioRng(new SeededEntropy(1)),
  () => new VirtioNet(GUEST_MAC, new TestGuest().network),
];

/** Addresses near what matters: rings, buffers, the ends of RAM, and nowhere. */
const address = fc.oneof(
  fc.integer({ min: 0, max: 0x2_0000 }).map(offset => RAM_BASE + 0x1_0000 + offset),
  fc.integer({ min: -64, max: 64 }).map(offset => RAM_BASE + (1 << 20) + offset),
  fc.constantFrom(0, BUFFERS, RAM_BASE, 0xffff_ffff, 2 ** 63),
);
const length = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.constantFrom(0, 16, 0xffff_ffff, 1 << 20));

const step = fc.oneof(
  fc.record({
    do: fc.constant('register' as const),
    at: fc.integer({ min: 0, max: 0x43 }).map(n => 4 * n),
    value: address,
  }),
  fc.record({
    do: fc.constant('descriptor' as const),
    slot: fc.nat(QUEUE_SIZE - 1),
    pa: address,
    length,
    flags: fc.nat(7),
    next: fc.nat(QUEUE_SIZE),
  }),
  fc.record({ do: fc.constant('publish' as const), head: fc.nat(QUEUE_SIZE), queue: fc.nat(1) }),
  fc.record({ do: fc.constant('availIdx' as const), value: fc.nat(0xffff), queue: fc.nat(1) }),
  fc.record({ do: fc.constant('notify' as const), queue: fc.nat(2) }),
);

test.each([
  ['version 1', true],
  ['version 2', false],
])('%s survives a hostile driver', (_name, isLegacy) => {
  fc.assert(
    fc.property(fc.constantFrom(...DEVICES), fc.array(step, { maxLength: 40 }), (make, steps) => {
      const device = make();
      const driver = new TestDriver(device, isLegacy);
      const queues = device.queueSizes.length;
      driver.start(queues);
      for (const s of steps) {
        const { desc, avail } = driver.rings('queue' in s ? s.queue % queues : 0);
        if (s.do === 'register') driver.write(s.at, s.value);
        else if (s.do === 'descriptor') driver.descriptor(desc + 16 * s.slot, s.pa, s.length, s.flags, s.next);
        else if (s.do === 'publish') driver.publish(s.queue % queues, s.head);
        else if (s.do === 'availIdx') driver.ram.write16(avail + 2, s.value);
        else driver.notify(s.queue);
      }
      driver.start(queues);
      driver.offer(queues - 1, [{ pa: BUFFERS, length: 16 }, ...(device.deviceId === 3 ? [] : [writable])]);
      driver.notify(queues - 1);
      expect(driver.usedIdx(queues - 1)).toBe(1);
    }),
    { seed: SEED, numRuns: RUNS },
  );
});

const writable = { pa: BUFFERS + 512, length: 513, isWritable: true };
