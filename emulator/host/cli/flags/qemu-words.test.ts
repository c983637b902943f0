/** Flags as they stand in tutorials and CI scripts: taken as QEMU takes them, or refused with what to do. */
import { expect, test } from 'vitest';
import { UserError } from '../../../base/user-error.ts';
import type { CliOptions } from './options.ts';
import { parseCommandLine } from './parse.ts';

const parsed = (line: string): CliOptions => parseCommandLine(line.split(' '));

test.each<[string, Partial<CliOptions>]>([
  ['-machine virt,accel=tcg -m size=1G,slots=2,maxmem=4G', { memoryMiB: 1024 }],
  ['-m 512,slots=1', { memoryMiB: 512 }],
  ['-smp cpus=4,sockets=1,cores=4,threads=1', { harts: 4 }],
  ['-smp 4,sockets=2', { harts: 4 }],
  ['-smp sockets=2,cores=2', { harts: 4 }],
  ['-serial chardev:a -chardev stdio,id=a,mux=on,signal=off', { serial: { kind: 'stdio' } }],
  ['-nographic -monitor none -vga none -parallel none -singlestep -msg timestamp=on -no-user-config', {}],
  ['-M help', { show: 'machines' }],
  ['-cpu ?', { show: 'cpus' }],
  ['-d guest_errors,unimp', { logItems: ['guest_errors', 'unimp'] }],
])('%s', (line, expected) => {
  expect(parsed(line)).toMatchObject(expected);
});

test('-cpu: any of QEMU’s words for on and off, and max', () => {
  expect(parsed('-cpu rv64,pmp=false,h=false').cpu).toMatchObject({ pmp: false, svinval: false });
  expect(parsed('-cpu max').cpu).toMatchObject({ svinval: true, zbb: true });
});

test('-drive takes what concerns QEMU’s host side alone', () => {
  const line =
    '-drive file=f,if=none,format=raw,id=x,index=0,media=disk,cache=none,aio=threads,discard=unmap,snapshot=on';
  const expected = { file: 'f', format: 'raw', id: 'x', isReadOnly: false, isSnapshot: true, isVirtio: false };
  expect(parsed(line).drives).toEqual([expected]);
});

test('-blockdev in one node and in two', () => {
  const drive = { file: 'f', format: 'raw', id: 'x', isReadOnly: true, isVirtio: false };
  const one = '-blockdev driver=raw,node-name=x,read-only=on,file.driver=file,file.filename=f';
  expect(parsed(one).drives).toEqual([drive]);
  const two = '-blockdev driver=file,node-name=f0,filename=f -blockdev raw,node-name=x,file=f0,read-only=on';
  expect(parsed(two).drives).toEqual([drive]);
});

test.each([
  ['-smp 4,sockets=3', 'do not multiply to 4'],
  ['-smp 2,maxcpus=4', 'leave maxcpus out'],
  ['-smp 2,nodes=1', 'known are cpus'],
  ['-m 1G,hotplug=on', '128M or 1G'],
  ['-blockdev {"driver":"raw"}', 'driver=raw,node-name=X'],
  ['-blockdev driver=nbd,node-name=x', 'driver is file, raw or qcow2'],
  ['-blockdev driver=raw,node-name=x,file=y', 'name the image'],
  ['-drive file=f,media=cdrom', 'media=disk'],
  ['-enable-kvm', '-accel tcg'],
  ['-hda f', 'if=virtio'],
  ['-qmp unix:q,server', '-monitor unix:PATH'],
  ['-semihosting', 'leave it out'],
  ['-virtfs local,path=.', 'no 9p'],
  ['-no-shutdown', 'start it again'],
  ['-vga std', 'only -vga none'],
])('%s is refused', (line, hint) => {
  expect(() => parsed(line)).toThrow(UserError);
  try {
    parsed(line);
  } catch (error) {
    expect((error as UserError).hint).toContain(hint);
  }
});
