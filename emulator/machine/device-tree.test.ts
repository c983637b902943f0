import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { FdtNode } from './fdt.ts';
import { Machine } from './machine.ts';
import { Program, R, testConfig } from './test-kernel.ts';

const hasDtc = spawnSync('dtc', ['--version']).status === 0;

/** The machine's blob, as the kernel finds it. */
function blob(): Uint8Array {
  const machine = new Machine(
    testConfig(new Program().spin(), {
      append: 'root=/dev/vda',
      initrd: { name: 'i', bytes: new Uint8Array(4096) },
      devices: [{ kind: 'rng' }],
    }),
  );
  machine.powerOn();
  const at = machine.cpu.getRegNumber(R.a1);
  const view = new DataView(machine.ram.memory.buffer, machine.ram.ramOffset + at - machine.ram.base);
  return machine.ram.bytes(at, view.getUint32(4));
}

test('cells are big-endian and strings end in NUL', () => {
  const root = new FdtNode('');
  root.prop('p', 1, 'ab', Uint8Array.of(9));
  const bytes = root.toBlob();
  const text = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  // FDT_PROP, length 8, name offset 0, then the values.
  expect(text).toContain(['00000003', '00000008', '00000000', '00000001', '616200', '09'].join(''));
});

test.skipIf(!hasDtc)('dtc reads the tree without a warning', () => {
  const { status, stdout, stderr } = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts'], { input: blob() });
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
  const dts = stdout.toString();
  expect(dts).toContain('bootargs = "root=/dev/vda"');
  expect(dts).toContain('stdout-path = "/soc/serial@10000000"');
  expect(dts).toContain('linux,initrd-start = <0x80a00000>');
  const nodes = [...dts.matchAll(/virtio_mmio@(\w+)/g)].map(match => match[1]);
  expect(nodes).toEqual([
    '10008000',
    '10007000',
    '10006000',
    '10005000',
    '10004000',
    '10003000',
    '10002000',
    '10001000',
  ]);
});

test.skipIf(!hasDtc)('what the syscon nodes say to write, where they point, ends and restarts the machine', () => {
  const dts = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts'], { input: blob() }).stdout.toString();
  const property = (node: string, name: string): number[] => {
    const body = new RegExp(`\\b${node} \\{([^}]*)`).exec(dts)![1]!;
    return new RegExp(`\\b${name} = <([^>]*)>`).exec(body)![1]!.split(' ').map(Number);
  };
  const syscon = property('test@100000', 'phandle');
  const base = property('test@100000', 'reg')[1]!;
  for (const node of ['poweroff', 'reboot']) expect(property(node, 'regmap')).toEqual(syscon);

  /** Prints, and does what the node asks for. */
  const run = (node: string): { printed: string; exitCode: number | undefined } => {
    const program = new Program()
      .print('+')
      .li(R.t0, base + property(node, 'offset')[0]!)
      .li(R.t1, property(node, 'value')[0]!)
      .op('sw', { rs1: R.t0, rs2: R.t1, imm: 0 })
      .spin();
    const machine = new Machine(testConfig(program, { isRebootRefused: false }));
    let printed = '';
    machine.onConsole = bytes => (printed += new TextDecoder().decode(bytes));
    machine.powerOn();
    machine.advance(100);
    return { printed, exitCode: machine.exitCode };
  };
  expect(run('poweroff')).toEqual({ printed: '+', exitCode: 0 });
  const again = run('reboot');
  expect(again.exitCode).toBeUndefined();
  expect(again.printed).toMatch(/^\+{2,}$/);
});
