/** Flags of QEMU's that people use and that we have not: what to do instead. */

const NO_DISPLAY = 'there is no display, keyboard or sound: leave it out, or write -nographic';
const NO_KVM = 'instructions are interpreted, on any host: leave it out, or write -accel tcg';
const NO_9P = 'there is no 9p: put the files into a disk image, or hand them over with an -initrd';
const NO_USB = 'there is no USB: leave it out';
const NO_IDE = 'the board has no such drive: write -drive file=F,format=raw,if=virtio';

export const ABSENT_FLAGS: ReadonlyMap<string, string> = new Map([
  ...['vnc', 'spice', 'sdl', 'curses', 'full-screen', 'k', 'audio', 'audiodev'].map(n => [n, NO_DISPLAY] as const),
  ...['enable-kvm', 'accelerator'].map(n => [n, NO_KVM] as const),
  ...['virtfs', 'fsdev'].map(n => [n, NO_9P] as const),
  ...['usb', 'usbdevice'].map(n => [n, NO_USB] as const),
  ...['hda', 'hdb', 'hdc', 'hdd', 'fda', 'fdb', 'cdrom', 'sd', 'mtdblock'].map(n => [n, NO_IDE] as const),
  ['qmp', 'there is no QMP: the monitor takes commands at -monitor unix:PATH,server=on,wait=off'],
  ['qmp-pretty', 'there is no QMP: the monitor takes commands at -monitor unix:PATH,server=on,wait=off'],
  ['daemonize', 'run it in the background: qemu-like … -serial file:LOG </dev/null &'],
  ['no-shutdown', 'the program ends with the machine; for another run, start it again'],
  ['semihosting', 'there is no semihosting, an ebreak is the guest’s own: leave it out'],
  ['semihosting-config', 'there is no semihosting, an ebreak is the guest’s own: leave it out'],
  ['trace', 'log with -d in_asm,exec,int,page,guest_errors'],
  ['plugin', 'log with -d in_asm,exec, or measure with -profile FILE.cpuprofile'],
  ['numa', 'memory is one node: leave it out'],
  ['incoming', 'there is no migration: -loadvm goes on from a snapshot file'],
  ['tpmdev', 'there is no TPM: leave it out'],
  ['readconfig', 'write the flags on the command line'],
  ['set', 'write the property behind its -device or -drive'],
  ['runas', 'start it as that user'],
  ['chroot', 'start it in that root'],
]);
