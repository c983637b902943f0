/** The board's test finisher (sifive,test): how a guest ends the machine with a status. */
import { mmio } from "./mmio";
import { st32, wfi } from "./rv";
import { RESET_COLD_REBOOT, RESET_SHUTDOWN, sbiReset } from "./sbi";

const FINISHER_PA: u64 = 0x10_0000;
const PASS: u32 = 0x5555;
const FAIL: u32 = 0x3333;

let status: u32 = 0;

/** What powering off ends the machine with, unless somebody set it: 0. */
export function powerOffStatus(): u32 {
  return status;
}

export function setPowerOffStatus(value: u32): void {
  status = value;
}

/** Ends the machine with `status`; 0 is success. Never returns. */
export function finish(status: u32): void {
  st32(mmio(FINISHER_PA), status == 0 ? PASS : FAIL | (status << 16));
  // A board without the device: the firmware may know how.
  sbiReset(RESET_SHUTDOWN);
  while (true) wfi();
}

/** Starts the machine anew. Never returns. */
export function restart(): void {
  sbiReset(RESET_COLD_REBOOT);
  finish(0);
}
