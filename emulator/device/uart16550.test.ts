import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock, transplant, Wire } from './test-devices.ts';
import { Uart16550 } from './uart16550.ts';

const RBR = 0;
const THR = 0;
const IER = 1;
const IIR = 2;
const FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

let clock: ManualClock;
let irq: Wire;
let sent: number[];
let uart: Uart16550;

const write = (offset: number, value: number): void => uart.write(offset, 1, value);
const receive = (text: string): void => uart.receive(new TextEncoder().encode(text));

beforeEach(() => {
  clock = new ManualClock();
  irq = new Wire();
  sent = [];
  uart = new Uart16550(clock, irq.line, byte => sent.push(byte));
});

test('a sent byte leaves at once and the transmitter is empty again', () => {
  write(THR, 0x41);
  expect(sent).toEqual([0x41]);
  expect(uart.read(LSR)).toBe(0x60);
});

test('THRE interrupts when enabled, until IIR is read or a byte written', () => {
  write(IER, 2);
  expect(irq.level).toBe(true);
  expect(uart.read(IIR)).toBe(0x02);
  expect(irq.level).toBe(false);
  expect(uart.read(IIR)).toBe(0x01);
  write(THR, 0x42);
  expect(irq.level).toBe(true);
});

test('received data interrupts without FIFO and stops when read', () => {
  write(IER, 1);
  receive('ab');
  expect(irq.level).toBe(true);
  expect(uart.read(IIR)).toBe(0x04);
  expect(uart.read(LSR) & 1).toBe(1);
  expect([uart.read(RBR), uart.read(RBR)]).toEqual([0x61, 0x62]);
  expect(irq.level).toBe(false);
  expect(uart.read(LSR) & 1).toBe(0);
});

describe('with FIFO and trigger level 8', () => {
  beforeEach(() => {
    write(FCR, 0x81);
    write(IER, 1);
  });

  test('fewer bytes wait for the character timeout', () => {
    receive('abc');
    expect(irq.level).toBe(false);
    clock.advance(100_000);
    expect(irq.level).toBe(true);
    expect(uart.read(IIR)).toBe(0xcc);
    uart.read(RBR);
    expect(irq.level).toBe(false);
  });

  test('the trigger level interrupts at once', () => {
    receive('12345678');
    expect(irq.level).toBe(true);
    expect(uart.read(IIR)).toBe(0xc4);
  });

  test('what does not fit the FIFO follows as it is read', () => {
    const text = 'abcdefghijklmnopqrstuvwxyz';
    receive(text);
    let got = '';
    while (uart.read(LSR) & 1) got += String.fromCharCode(uart.read(RBR));
    expect(got).toBe(text);
    expect(uart.read(LSR) & 2).toBe(0);
  });

  test('clearing the FIFO drops what is in it', () => {
    receive('abc');
    write(FCR, 0x83);
    expect(uart.read(LSR) & 1).toBe(0);
  });
});

test('before the driver enables reception, clearing the FIFO loses nothing the host has sent', () => {
  receive('ls\n');
  write(FCR, 0x07);
  write(IER, 1);
  let got = '';
  while (uart.read(LSR) & 1) got += String.fromCharCode(uart.read(RBR));
  expect(got).toBe('ls\n');
});

test('loopback: sent bytes come back and modem outputs appear as inputs', () => {
  write(MCR, 0x10 | 0x0b);
  write(THR, 0x5a);
  expect(sent).toEqual([]);
  expect(uart.read(RBR)).toBe(0x5a);
  expect(uart.read(MSR)).toBe(0x80 | 0x20 | 0x10);
});

test('loopback overruns are reported once', () => {
  write(MCR, 0x10);
  write(IER, 4);
  write(THR, 1);
  write(THR, 2);
  expect(irq.level).toBe(true);
  expect(uart.read(IIR)).toBe(0x06);
  expect(uart.read(LSR) & 2).toBe(2);
  expect(uart.read(LSR) & 2).toBe(0);
  expect(uart.read(RBR)).toBe(2);
});

test('DLAB turns the first two registers into the divisor', () => {
  write(LCR, 0x83);
  write(0, 0x34);
  write(1, 0x12);
  expect([uart.read(0), uart.read(1)]).toEqual([0x34, 0x12]);
  write(LCR, 0x03);
  expect(uart.read(IER)).toBe(0);
  expect(sent).toEqual([]);
});

test('scratch keeps a byte; wide accesses reach one register', () => {
  uart.write(SCR, 4, 0x1234_56ab);
  expect(uart.read(SCR)).toBe(0xab);
  expect(uart.read64(SCR)).toEqual({ lo: 0xab, hi: 0 });
  expect(uart.read(0x80)).toBe(0);
});

test('state travels: FIFO, waiting bytes, interrupt and timeout', () => {
  write(FCR, 0x81);
  write(IER, 1);
  receive('abcdefghijklmnopqrs');
  const otherIrq = new Wire();
  const other = new Uart16550(clock, otherIrq.line, () => {});
  transplant(uart, other);
  expect(otherIrq.level).toBe(true);
  let got = '';
  while (other.read(LSR) & 1) got += String.fromCharCode(other.read(RBR));
  expect(got).toBe('abcdefghijklmnopqrs');
});
