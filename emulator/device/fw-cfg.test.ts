import { expect, test } from 'vitest';
import { fromUtf8, utf8, viewOf } from '../base/bytes.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { Bus } from '../bus/bus.ts';
import { Ram } from '../bus/ram.ts';
import { FwCfg, FwCfgItem, kernelItems, type FwCfgFile, type FwCfgOptions } from './fw-cfg.ts';

const BASE = 0x1010_0000;
const RAM = 0x8000_0000;
const STRUCTURE = RAM + 0x1000;
const TARGET = RAM + 0x2000;
const ERROR = 1;
const READ = 2;
const SKIP = 4;
const SELECT = 8;
const WRITE = 0x10;

/** A driver that knows the device from its specification alone. */
class Driver {
  readonly ram = new Ram(1 << 20, RAM);
  readonly bus = new Bus(() => {});
  readonly device: FwCfg;

  constructor(changes: Partial<FwCfgOptions> = {}) {
    this.device = new FwCfg({ ram: this.ram, harts: 2, files: [], guestError: () => {}, ...changes });
    this.bus.attach(BASE, this.device);
  }

  select(item: number): void {
    this.bus.write(BASE + 8, 2, ((item & 0xff) << 8) | (item >>> 8), 0);
  }

  read(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.bus.read(BASE, 1));
  }

  list(): { name: string; size: number; item: number }[] {
    this.select(FwCfgItem.FILE_DIR);
    const count = viewOf(this.read(4)).getUint32(0);
    return Array.from({ length: count }, () => {
      const entry = this.read(64);
      const view = viewOf(entry);
      return {
        name: fromUtf8(entry.subarray(8)).replace(/\0.*/, ''),
        size: view.getUint32(0),
        item: view.getUint16(4),
      };
    });
  }

  /** The control word afterwards. */
  dma(control: number, length: number, address: number, at = STRUCTURE): number {
    const access = new Uint8Array(16);
    const view = viewOf(access);
    view.setUint32(0, control);
    view.setUint32(4, length);
    view.setBigUint64(8, BigInt(address));
    if (this.ram.contains(at, 16)) this.ram.write(at, access);
    const register = new Uint8Array(8);
    viewOf(register).setBigUint64(0, BigInt(at));
    this.bus.write(BASE + 16, 8, viewOf(register).getUint32(0, true), viewOf(register).getUint32(4, true));
    return this.ram.contains(at, 4) ? viewOf(this.ram.bytes(at, 4)).getUint32(0) : NaN;
  }
}

test('signature, features and the number of harts', () => {
  const driver = new Driver();
  driver.device.reset();
  expect(fromUtf8(driver.read(4))).toBe('QEMU');
  expect([...driver.read(2)]).toEqual([0, 0]);
  driver.select(FwCfgItem.ID);
  expect([...driver.read(4)]).toEqual([3, 0, 0, 0]);
  driver.select(FwCfgItem.NB_CPUS);
  expect([...driver.read(2)]).toEqual([2, 0]);
});

test('the directory names what -fw_cfg gave, sorted, and each file reads as it is', () => {
  const files: FwCfgFile[] = [
    { name: 'opt/b', bytes: utf8('second') },
    { name: 'opt/a', bytes: Uint8Array.of(1, 2, 3) },
    { name: 'opt/ab', bytes: new Uint8Array(0) },
  ];
  const driver = new Driver({ files });
  const list = driver.list();
  expect(list.map(({ name }) => name)).toEqual([
    'bios-geometry',
    'bootorder',
    'etc/boot-fail-wait',
    'opt/a',
    'opt/ab',
    'opt/b',
  ]);
  for (const { name, bytes } of files) {
    const { size, item } = list.find(entry => entry.name === name)!;
    expect(size).toBe(bytes.length);
    driver.select(item);
    expect(driver.read(size + 2)).toEqual(Uint8Array.of(...bytes, 0, 0));
  }
});

test('wide reads keep the order of the bytes', () => {
  const driver = new Driver({ files: [{ name: 'opt/a', bytes: utf8('0123456789') }] });
  driver.select(driver.list().find(({ name }) => name === 'opt/a')!.item);
  expect(driver.bus.read(BASE, 2)).toBe(0x3130);
  expect(driver.bus.read(BASE, 8) >>> 0).toBe(0x3534_3332);
  expect(driver.bus.hi >>> 0).toBe(0x3938_3736);
  expect(driver.bus.read(BASE, 4)).toBe(0);
});

test('accesses that no register takes are faults', () => {
  const { bus } = new Driver();
  const faults = (access: () => void): boolean => {
    access();
    return bus.fault;
  };
  expect(faults(() => bus.read(BASE + 8, 2))).toBe(true);
  expect(faults(() => bus.write(BASE + 8, 4, 0, 0))).toBe(true);
  expect(faults(() => bus.write(BASE + 10, 2, 0, 0))).toBe(true);
  expect(faults(() => bus.read(BASE + 1, 1))).toBe(true);
  expect(faults(() => bus.write(BASE + 16, 2, 0, 0))).toBe(true);
  expect(faults(() => bus.read(BASE + 17, 1))).toBe(false);
});

test('DMA: select, read, skip; zeroes behind the end; nothing can be written', () => {
  const driver = new Driver({ files: [{ name: 'opt/a', bytes: utf8('0123456789') }] });
  const { item } = driver.list().find(({ name }) => name === 'opt/a')!;
  driver.ram.fill(TARGET, 16, 0xff);
  expect(driver.dma((item << 16) | SELECT | READ, 4, TARGET)).toBe(0);
  expect(driver.dma(SKIP, 2, 0)).toBe(0);
  expect(driver.dma(READ, 8, TARGET + 4)).toBe(0);
  expect(fromUtf8(driver.ram.bytes(TARGET, 12))).toBe('01236789\0\0\0\0');
  expect(driver.ram.read8(TARGET + 12)).toBe(0xff);
  expect(driver.dma((item << 16) | SELECT | WRITE, 4, TARGET)).toBe(ERROR);
  expect(driver.dma((item << 16) | SELECT, 4, TARGET)).toBe(0);
  expect(fromUtf8(driver.read(3))).toBe('012');
});

test('DMA: addresses and lengths that are nowhere or without end', () => {
  const driver = new Driver();
  const end = RAM + driver.ram.size;
  const readId = (FwCfgItem.ID << 16) | SELECT | READ;
  expect(driver.dma(readId, 4, 0)).toBe(ERROR);
  expect(driver.dma(readId, 4, 2 ** 53)).toBe(ERROR);
  expect(driver.dma(readId, 0xffff_ffff, TARGET)).toBe(ERROR);
  expect(driver.dma(readId, 8, end - 2)).toBe(ERROR);
  expect([...driver.ram.bytes(end - 2, 2)]).toEqual([3, 0]);
  expect(driver.dma(readId, 4, TARGET, 2 ** 52)).toBeNaN();
  expect(driver.dma(readId, 4, TARGET, end - 8)).toBe(ERROR);
  // A structure that is overwritten by what it asks for.
  expect(driver.dma(readId, 32, STRUCTURE)).toBe(0);
  expect(driver.dma(readId, 4, TARGET)).toBe(0);
});

test('what is selected, and how far it has been read, is state', () => {
  const driver = new Driver();
  driver.select(FwCfgItem.SIGNATURE);
  driver.read(1);
  driver.bus.write(BASE + 16, 4, 0x0100_0000, 0);
  const out = new StateWriter();
  driver.device.save(out);
  const other = new Driver();
  other.device.load(new StateReader(out.finish()));
  expect(fromUtf8(other.read(3))).toBe('EMU');
  const again = new StateWriter();
  other.device.load(new StateReader(out.finish()));
  other.device.save(again);
  expect(again.finish()).toEqual(out.finish());
});

test('a kernel that firmware is to load', () => {
  const driver = new Driver({ items: kernelItems(utf8('kernel'), undefined, 'quiet') });
  driver.select(FwCfgItem.KERNEL_SIZE);
  expect([...driver.read(4)]).toEqual([6, 0, 0, 0]);
  driver.select(FwCfgItem.KERNEL_DATA);
  expect(fromUtf8(driver.read(6))).toBe('kernel');
  driver.select(FwCfgItem.CMDLINE_DATA);
  expect(fromUtf8(driver.read(6))).toBe('quiet\0');
});

test('names that cannot be are the user’s error', () => {
  const file = (name: string): FwCfgFile => ({ name, bytes: new Uint8Array(1) });
  expect(() => new Driver({ files: [file('x'.repeat(56))] })).toThrow(/too long/);
  expect(() => new Driver({ files: [file('bootorder')] })).toThrow(/twice/);
  const many = (length: number): FwCfgFile[] => Array.from({ length }, (_, i) => file(`opt/${i}`));
  expect(new Driver({ files: many(29) }).list()).toHaveLength(32);
  expect(() => new Driver({ files: many(30) })).toThrow('30 fw_cfg files');
});
