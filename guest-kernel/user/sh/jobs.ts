/** The job table: waiting, reaping, reporting (POSIX XCU 2.11, jobs, wait, fg, bg). */
import { Bytes } from "../../lib/bytes";
import {
  SIGCHLD,
  SIGINT,
  SIGPIPE,
  Disposition,
  blockSignals,
  dropPending,
  hasPending,
  isPending,
  setDisposition,
  signalText,
  suspend,
  unblockSignals,
} from "../libc/signal";
import { Out, stderr } from "../libc/out";
import { wait4 } from "../libc/sys";
import { Job, RUNNING } from "./fork";
import { Flow, sh } from "./state";
import { reclaimTerminal } from "./terminal";
import { smallNumber } from "./text";
import { trapAction, updateSignal } from "./trap";

const WNOHANG: i32 = 1;
const WUNTRACED: i32 = 2;
const WCONTINUED: i32 = 8;
/** Finished jobs that nobody has asked about are kept, up to here. */
const MOST_FINISHED: i32 = 64;

/** In the order of use: the current job is the last one. */
const jobs: Job[] = [];
const status: usize = memory.data(4, 4);

/** Background and stopped jobs have a number. */
export function addJob(job: Job): void {
  let finished = 0;
  for (let i = jobs.length - 1; i >= 0; i--) {
    if (jobs[i].isDone && (jobs[i].isWaited || ++finished > MOST_FINISHED)) jobs.splice(i, 1);
  }
  let id = 1;
  while (jobById(id)) id++;
  job.id = id;
  jobs.push(job);
}

export function removeJob(job: Job): void {
  const at = jobs.indexOf(job);
  if (at >= 0) jobs.splice(at, 1);
  job.id = 0;
}

export function makeCurrent(job: Job): void {
  const at = jobs.indexOf(job);
  if (at < 0) return;
  jobs.splice(at, 1);
  jobs.push(job);
}

export function forgetJobs(): void {
  jobs.length = 0;
}

export function allJobs(): Job[] {
  const all = jobs.slice();
  all.sort((x, y) => x.id - y.id);
  return all;
}

function jobById(id: i32): Job | null {
  for (let i = 0; i < jobs.length; i++) if (jobs[i].id == id) return jobs[i];
  return null;
}

export function currentJob(): Job | null {
  return jobs.length > 0 ? jobs[jobs.length - 1] : null;
}

export function previousJob(): Job | null {
  return jobs.length > 1 ? jobs[jobs.length - 2] : null;
}

/** `%n`, `%%`, `%+`, `%-`, `%text`, `%?text`; null when there is no such job, or more than one. */
export function jobBySpec(spec: Bytes): Job | null {
  if (spec.len == 0 || spec[0] != 0x25) return null;
  const rest = spec.slice(1);
  if (rest.len == 0 || (rest.len == 1 && (rest[0] == 0x25 || rest[0] == 0x2b))) return currentJob();
  if (rest.len == 1 && rest[0] == 0x2d) return previousJob();
  const id = smallNumber(rest);
  if (id >= 0) return jobById(id);
  let found: Job | null = null;
  const anywhere = rest[0] == 0x3f;
  const text = anywhere ? rest.slice(1) : rest;
  for (let i = 0; i < jobs.length; i++) {
    if (anywhere ? !contains(jobs[i].text, text) : !jobs[i].text.startsWith(text)) continue;
    if (found) return null;
    found = jobs[i];
  }
  return found;
}

function contains(s: Bytes, part: Bytes): bool {
  for (let i = 0; i + part.len <= s.len; i++) if (s.slice(i, i + part.len).equals(part)) return true;
  return false;
}

export function jobByPid(pid: i32): Job | null {
  for (let i = 0; i < jobs.length; i++) {
    const all = jobs[i].processes;
    for (let k = 0; k < all.length; k++) if (all[k].pid == pid) return jobs[i];
  }
  return null;
}

/** Waits for one child, or looks for one. Returns its pid, 0 (none yet), or -errno. */
function reap(extra: Job | null, options: i32): i64 {
  const pid = <i32>wait4(-1, status, options | (sh.has(0x6d) ? WUNTRACED | WCONTINUED : 0));
  if (pid <= 0) return pid;
  if (!extra || !note(extra, pid)) for (let i = 0; i < jobs.length; i++) if (note(jobs[i], pid)) break;
  return pid;
}

/** Records what wait4 said about `pid`, if it belongs to the job. */
function note(job: Job, pid: i32): bool {
  const raw = load<i32>(status);
  for (let i = 0; i < job.processes.length; i++) {
    const p = job.processes[i];
    if (p.pid != pid || p.status != RUNNING) continue;
    if ((raw & 0xff) == 0x7f) {
      p.isStopped = true;
      stopSignal = (raw >> 8) & 0xff;
    } else if (raw == 0xffff) p.isStopped = false;
    else p.status = raw;
    job.hasChanged = true;
    return true;
  }
  return false;
}

let stopSignal: i32 = 0;

/** Commands for which `exit` does not repeat its warning: itself, and the next one. */
let quiet: i32 = 0;

/** Whether jobs are stopped and the user has not just been told so. */
export function mustWarnOfStopped(): bool {
  if (quiet > 0) return false;
  for (let i = 0; i < jobs.length; i++) if (jobs[i].isStopped) quiet = 2;
  return quiet > 0;
}

/** A command has been entered. */
export function ageWarning(): void {
  if (quiet > 0) quiet--;
}

/** Collects what has ended, without waiting. */
export function reapAll(): void {
  while (jobs.length > 0 && reap(null, WNOHANG) > 0) {}
}

/** Waits for a job in the foreground until it is done or stopped. Returns its status. */
export function waitForJob(job: Job): i32 {
  while (!job.isDone && !job.isStopped) {
    const r = reap(job, 0);
    if (r < 0 && r != -4) break;
  }
  if (job.group != 0) reclaimTerminal();
  if (!job.isDone && job.isStopped) {
    if (job.id == 0) addJob(job);
    else makeCurrent(job);
    stderr.line();
    report(job, stderr, false);
    stderr.flush();
    return 128 + stopSignal;
  }
  const result = jobStatus(job);
  const sig = lastSignal(job);
  removeJob(job);
  if (sig != 0) tellSignal(sig, coreDumped(job));
  // The user meant the whole command line, and its status is this job's.
  if (sig == SIGINT && job.group != 0 && sh.isInteractive && sh.flow == Flow.None) {
    sh.status = result;
    sh.flow = Flow.Interrupt;
  }
  return result;
}

function tellSignal(sig: i32, hasCore: bool): void {
  if (sig == SIGPIPE) return;
  if (sig == SIGINT) {
    if (sh.isInteractive) stderr.line().flush();
    return;
  }
  stderr
    .text(signalText(sig))
    .text(hasCore ? " (core dumped)" : "")
    .line()
    .flush();
}

/** The status of the last process of a job that is done: exit status, or 128 and the signal. */
export function jobStatus(job: Job): i32 {
  const n = job.processes.length;
  if (n == 0) return 0;
  const raw = job.processes[n - 1].status;
  if (raw == RUNNING) return 127;
  return (raw & 0x7f) != 0 ? 128 + (raw & 0x7f) : (raw >> 8) & 0xff;
}

function lastSignal(job: Job): i32 {
  const n = job.processes.length;
  const raw = n > 0 ? job.processes[n - 1].status : 0;
  return raw == RUNNING ? 0 : raw & 0x7f;
}

function coreDumped(job: Job): bool {
  return (job.processes[job.processes.length - 1].status & 0x80) != 0;
}

/**
 * The `wait` builtin: until `job` is done (null: until no job runs), or a signal with a trap comes, whose 128 + number is
 * returned. Else 0.
 */
export function waitInterruptibly(job: Job | null): i32 {
  setDisposition(SIGCHLD, Disposition.Catch);
  blockSignals();
  let result = 0;
  for (;;) {
    reapAll();
    if (job ? job.isDone || job.isStopped : !anyRunning()) break;
    if (hasPending()) {
      const sig = trappedPending();
      if (sig > 0) {
        result = 128 + sig;
        break;
      }
    }
    suspend();
  }
  unblockSignals();
  if (!trapAction(SIGCHLD)) {
    setDisposition(SIGCHLD, Disposition.Default);
    dropPending(SIGCHLD);
  } else updateSignal(SIGCHLD);
  return result;
}

function anyRunning(): bool {
  for (let i = 0; i < jobs.length; i++) if (!jobs[i].isDone && !jobs[i].isStopped) return true;
  return false;
}

/** A pending signal that somebody waits for: one with a trap, or the interrupt of a prompt. */
function trappedPending(): i32 {
  for (let sig = 1; sig < 65; sig++) {
    if (isPending(sig) && (trapAction(sig) != null || (sig == SIGINT && sh.isInteractive))) return sig;
  }
  return 0;
}

/** One line: `[n] + State  command`. */
export function report(job: Job, out: Out, showsPid: bool): void {
  out.byte(0x5b).dec(job.id).text("] ");
  out.byte(job == currentJob() ? 0x2b : job == previousJob() ? 0x2d : 0x20).byte(0x20);
  if (showsPid && job.processes.length > 0) out.dec(job.processes[0].pid).byte(0x20);
  const at = describe(job);
  out.text(at);
  for (let i = at.length; i < 26; i++) out.byte(0x20);
  out.bytes(job.text).line();
  job.hasChanged = false;
}

function describe(job: Job): string {
  if (!job.isDone) return job.isStopped ? signalText(stopSignal) : "Running";
  const sig = lastSignal(job);
  if (sig != 0) return signalText(sig) + (coreDumped(job) ? " (core dumped)" : "");
  const s = jobStatus(job);
  return s == 0 ? "Done" : "Done(" + s.toString() + ")";
}

/** Before a prompt: what has changed. Finished jobs leave the table. */
export function reportChanges(): void {
  reapAll();
  const all = allJobs();
  for (let i = 0; i < all.length; i++) {
    if (!all[i].hasChanged) continue;
    if (all[i].isDone || all[i].isStopped) report(all[i], stderr, false);
    all[i].hasChanged = false;
    if (all[i].isDone) removeJob(all[i]);
  }
  stderr.flush();
}
