/** Calls that park, and what ends or restarts them. */
import { Nr } from "../../abi/nr";
import { O_RDONLY, O_WRONLY } from "../../abi/fcntl";
import { b } from "../../lib/bytes";
import { SA_RESTART, SIG_DFL, handlerOf, sigaction } from "../libc/process";
import { SIGCHLD } from "../libc/signal";
import { close, kill, mknod, open, pipe2, read, sys, write } from "../libc/sys";
import { alarmMs, board, monotonicMs, sleepMs, spawn, statusOf } from "./calls";

const SIGALRM: i32 = 14;
const SIGCONT: i32 = 18;
const SIGSTOP: i32 = 19;
const S_IFIFO: u32 = 0o010000;
const EINTR: i64 = -4;

const io: usize = memory.data(64, 8);
const ends: usize = memory.data(8, 4);
let caught: i32 = 0;

export function fifoOpenParks(): bool {
  mknod(b("/tmp/work/fifo"), S_IFIFO | 0o600, 0);
  const child = spawn((): i32 => {
    const fd = open(b("/tmp/work/fifo"), O_RDONLY);
    store<i64>(board, monotonicMs());
    const n = read(fd, io, 64);
    return n == 5 && load<u8>(io) == 0x68 && read(fd, io, 64) == 0 ? 0 : 1;
  });
  store<i64>(board, 0);
  sleepMs(30);
  const waited = load<i64>(board) == 0;
  const fd = open(b("/tmp/work/fifo"), O_WRONLY);
  store<u8>(io, 0x68);
  const wrote = write(fd, io, 5) == 5;
  close(fd);
  return statusOf(child) == 0 && waited && wrote;
}

function onAlarm(_sig: i32): void {
  caught++;
}

/** A read from a pipe that nobody writes to for 60 ms, while a timer fires after 20 ms. */
function readUnderAlarm(flags: u64): i64 {
  caught = 0;
  pipe2(ends, 0);
  const writer = spawn((): i32 => {
    sleepMs(60);
    return write(load<i32>(ends + 4), io, 3) == 3 ? 0 : 1;
  });
  sigaction(SIGALRM, handlerOf(onAlarm), flags);
  alarmMs(20);
  const r = read(load<i32>(ends), io, 64);
  sigaction(SIGALRM, SIG_DFL);
  statusOf(writer);
  close(load<i32>(ends));
  close(load<i32>(ends + 4));
  return r;
}

export function signalInterrupts(): bool {
  return readUnderAlarm(0) == EINTR && caught == 1;
}

export function signalRestarts(): bool {
  return readUnderAlarm(SA_RESTART) == 3 && caught == 1;
}

/** Linux: nanosleep goes on after a stop, and its end does not move. */
export function stopKeepsDeadline(): bool {
  sigaction(SIGCHLD, SIG_DFL);
  const child = spawn((): i32 => {
    const start = monotonicMs();
    const r = sleepMs(80);
    const took = monotonicMs() - start;
    return r == 0 && took >= 80 && took < 1000 ? 0 : 1;
  });
  sleepMs(10);
  kill(child, SIGSTOP);
  sleepMs(10);
  kill(child, SIGCONT);
  return statusOf(child) == 0;
}

/** A sum that takes several time slices, in two tasks at once with different values. */
function sum(step: f64): f64 {
  let s: f64 = 0;
  for (let i = 0; i < 3_000_000; i++) s += step;
  return s;
}

export function floatsSurvive(): bool {
  const child = spawn((): i32 => (sum(0.5) == 1_500_000 ? 0 : 1));
  const mine = sum(0.25) == 750_000;
  return statusOf(child) == 0 && mine && sys(Nr.getpid) == 1;
}
