/**
 * The riskiest promises of the kernel's model (docs/kernel-model.md), asked by a program that runs as init and prints KTAP: fork and
 * copy-on-write, system calls on memory that is not there yet, calls that park and restart, running out of memory.
 * test/boot/kernel-proofs.test.ts boots it. It ends the machine.
 */
import { b } from "../../lib/bytes";
import { stdout } from "../libc/out";
import { args, readStartup } from "../libc/program";
import { mkdir, mount } from "../libc/sys";
import { powerOff } from "./calls";
import * as faults from "./faults";
import * as forks from "./forks";
import * as parking from "./parking";
import * as storms from "./storms";

let count = 0;

function prove(name: string, holds: bool): void {
  count++;
  stdout
    .text(holds ? "ok " : "not ok ")
    .dec(count)
    .text(" ")
    .text(name)
    .line();
  stdout.flush();
}

export function main(sp: u64): void {
  readStartup(sp);
  if (wasAsked("end")) return;
  mount(b("none"), b("/tmp"), b("tmpfs"), 0, b(""));
  mkdir(b("/tmp/work"), 0o755);
  stdout.text("KTAP version 1").line();
  prove("a child's writes stay its own", forks.childWritesAreItsOwn());
  prove("a parent's writes stay its own", forks.parentWritesAreItsOwn());
  prove("a shared mapping is shared across fork", forks.sharedMappingIsShared());
  prove("wait4 tells exit codes and signals", forks.waitTellsHow());
  prove("orphans go to init", forks.orphansGoToInit());
  prove("write() from a file mapping that was never touched", faults.writeFromAbsentPages());
  prove("read() into memory that was never touched", faults.readIntoAbsentPages());
  prove("read() into copy-on-write memory", faults.readIntoSharedPages());
  prove("a bad buffer is -EFAULT", faults.badBufferIsRefused());
  prove("a store to code is SIGSEGV", faults.storeToCodeKills());
  prove("a page past the end of a file is SIGBUS", faults.pastTheEndIsSigbus());
  prove("the stack grows to its limit and no further", faults.stackGrows());
  prove("mprotect and munmap take effect at once", faults.protectionTakesEffect());
  prove("a reservation of 64 GiB moves at once", faults.reservationMovesAtOnce());
  prove("open() of a fifo parks until the other end comes", parking.fifoOpenParks());
  prove("a signal without SA_RESTART ends a read with -EINTR", parking.signalInterrupts());
  prove("a signal with SA_RESTART restarts a read", parking.signalRestarts());
  prove("a stopped sleeper sleeps on after SIGCONT", parking.stopKeepsDeadline());
  prove("floating point survives preemption", parking.floatsSurvive());
  if (!wasAsked("calm")) proveStorms();
  stdout.text("1..").dec(count).line();
  stdout.flush();
  powerOff();
}

/** The one argument: "calm" leaves the storms out (a slow debug build), "end" just returns. */
function wasAsked(what: string): bool {
  return args.length > 1 && args[1].equals(b(what));
}

function proveStorms(): void {
  prove("a task that takes all memory is killed, and the rest lives", storms.memoryHogDies());
  prove("a storm of forks ends in an error and gives everything back", storms.forkStorm());
  prove("a storm of files ends in an error and gives everything back", storms.fileStorm());
}
