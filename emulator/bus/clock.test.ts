import { expect, test } from 'vitest';
import { TimerQueue } from './clock.ts';

test('timers fire once, in order of creation, when their tick has come', () => {
  let now = 0;
  const fired: string[] = [];
  const queue = new TimerQueue(
    () => now,
    () => {},
  );
  const a = queue.timer(() => fired.push('a'));
  const b = queue.timer(() => fired.push('b'));
  b.set(5);
  a.set(5);
  expect(queue.nextDeadline).toBe(5);
  now = 4;
  queue.expire();
  expect(fired).toEqual([]);
  now = 9;
  queue.expire();
  queue.expire();
  expect(fired).toEqual(['a', 'b']);
  expect(queue.nextDeadline).toBe(Infinity);
});

test('only an earlier deadline interrupts a run', () => {
  let interruptions = 0;
  const queue = new TimerQueue(
    () => 0,
    () => interruptions++,
  );
  const timer = queue.timer(() => {});
  timer.set(100);
  timer.set(200);
  timer.set(50);
  expect(interruptions).toBe(2);
});

test('a timer that arms itself in the past waits for the next look', () => {
  let count = 0;
  const queue = new TimerQueue(
    () => 10,
    () => {},
  );
  const timer = queue.timer(() => {
    count++;
    timer.set(1);
  });
  timer.set(1);
  queue.expire();
  expect(count).toBe(1);
  queue.expire();
  expect(count).toBe(2);
});
