/** What line-discipline.test.ts drives: one discipline whose output and signals are recorded. */
import * as abi from "../abi/termios";
import { KernelBuf } from "../mm/io-buf";
import { LineDiscipline, TtyEvents } from "./line-discipline";
import { TtyDriver, TtyOutput } from "./output";
import { Termios } from "./termios";

const io: usize = memory.data(8192);
let echoed: i32 = 0;
let lastSignal: i32 = 0;
let stopped: bool = false;

class Recorder extends TtyDriver {
  send(c: u8): void {
    store<u8>(io + 4096 + echoed, c);
    echoed++;
  }
}

class Events extends TtyEvents {
  signal(sig: i32): void {
    lastSignal = sig;
  }
  setStopped(isStopped: bool): void {
    stopped = isStopped;
  }
}

const modes = new Termios();
const discipline = new LineDiscipline(modes, new TtyOutput(new Recorder(), modes), new Events());

export function ioAddress(): usize {
  return io;
}
export function type(c: u8): void {
  discipline.receive(c);
}
/** Reads at most `n` bytes to the start of `io`. */
export function read(n: i32): i32 {
  return <i32>discipline.take(new KernelBuf(io, 4096), 0, n);
}
export function isReadable(minimum: i32): bool {
  return discipline.isReadable(minimum);
}
export function available(): i32 {
  return discipline.available;
}
/** Bytes sent since the last call; they stand at io + 4096. */
export function takeEcho(): i32 {
  const n = echoed;
  echoed = 0;
  return n;
}
export function signal(): i32 {
  const s = lastSignal;
  lastSignal = 0;
  return s;
}
export function isStopped(): bool {
  return stopped;
}
export function setLflag(set: u32, clear: u32): void {
  modes.lflag = (modes.lflag | set) & ~clear;
  discipline.canonicalChanged();
}
export function setUtf8(): void {
  modes.iflag |= abi.IUTF8;
}
