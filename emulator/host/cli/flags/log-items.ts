/** What `-d` can log (trace-log.ts writes it); names as QEMU has them. */
export const LOG_ITEMS: readonly string[] = [
  'in_asm', // each instruction when it is decoded
  'exec', // each instruction that runs
  'int', // traps and interrupts
  'page', // page-table walks
  'guest_errors', // what the guest does wrong to a device
  'unimp', // accepted: what a device lacks is in guest_errors
  'nochain', // accepted: blocks of code are not chained
];
