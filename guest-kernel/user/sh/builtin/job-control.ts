/** jobs, fg, bg, wait. */
import { Nr } from "../../../abi/nr";
import { Bytes } from "../../../lib/bytes";
import { stdout } from "../../libc/out";
import { SIGCONT } from "../../libc/signal";
import { sys } from "../../libc/sys";
import { failed, failedAbout, failedOf } from "../errors";
import { Job, RUNNING } from "../fork";
import {
  allJobs,
  currentJob,
  jobByPid,
  jobBySpec,
  jobStatus,
  makeCurrent,
  reapAll,
  removeJob,
  report,
  waitForJob,
  waitInterruptibly,
} from "../jobs";
import { setForeground } from "../terminal";
import { isText, smallNumber } from "../text";

export function jobs(args: Bytes[]): i32 {
  let pidsOnly = false;
  let showsPid = false;
  let at = 1;
  for (; at < args.length && args[at].len > 1 && args[at][0] == 0x2d; at++) {
    if (isText(args[at], "-p")) pidsOnly = true;
    else if (isText(args[at], "-l")) showsPid = true;
    else return failedOf(args[at], "Illegal option");
  }
  reapAll();
  if (at == args.length) {
    const all = allJobs();
    for (let i = 0; i < all.length; i++) show(all[i], pidsOnly, showsPid);
    return 0;
  }
  for (; at < args.length; at++) {
    const job = jobBySpec(args[at]);
    if (!job) return noSuchJob(args[at]);
    show(job, pidsOnly, showsPid);
  }
  return 0;
}

function show(job: Job, pidsOnly: bool, showsPid: bool): void {
  if (pidsOnly) stdout.dec(job.processes[0].pid).line();
  else report(job, stdout, showsPid);
  if (job.isDone) removeJob(job);
}

function noSuchJob(spec: Bytes): i32 {
  return failedAbout("No such job:", spec);
}

export function fg(args: Bytes[]): i32 {
  const job = args.length > 1 ? jobBySpec(args[1]) : currentJob();
  if (!job) return args.length > 1 ? noSuchJob(args[1]) : failed("No current job");
  if (job.group == 0) return failed("job not created under job control");
  stdout.bytes(job.text).line();
  stdout.flush();
  makeCurrent(job);
  setForeground(job.group);
  resume(job);
  return waitForJob(job);
}

export function bg(args: Bytes[]): i32 {
  for (let i = 1; i == 1 || i < args.length; i++) {
    const job = args.length > 1 ? jobBySpec(args[i]) : currentJob();
    if (!job) return args.length > 1 ? noSuchJob(args[i]) : failed("No current job");
    if (job.group == 0) return failed("job not created under job control");
    stdout.byte(0x5b).dec(job.id).text("] ").bytes(job.text).line();
    resume(job);
  }
  return 0;
}

function resume(job: Job): void {
  for (let i = 0; i < job.processes.length; i++) job.processes[i].isStopped = false;
  sys(Nr.kill, -job.group, SIGCONT);
}

export function wait(args: Bytes[]): i32 {
  if (args.length == 1) {
    const interrupted = waitInterruptibly(null);
    if (interrupted == 0) {
      const all = allJobs();
      for (let i = 0; i < all.length; i++) if (all[i].isDone) all[i].isWaited = true;
    }
    return interrupted;
  }
  let status = 0;
  for (let i = 1; i < args.length; i++) {
    const isSpec = args[i].len > 0 && args[i][0] == 0x25;
    const pid = isSpec ? 0 : smallNumber(args[i]);
    if (pid < 0) return noSuchJob(args[i]);
    const job = isSpec ? jobBySpec(args[i]) : jobByPid(pid);
    if (!job) {
      if (isSpec) return noSuchJob(args[i]);
      status = 127;
      continue;
    }
    const interrupted = waitInterruptibly(job);
    if (interrupted > 0) return interrupted;
    status = isSpec ? jobStatus(job) : statusOf(job, pid);
    if (job.isDone) job.isWaited = true;
  }
  return status;
}

/** The status of one process of a job. */
function statusOf(job: Job, pid: i32): i32 {
  for (let i = 0; i < job.processes.length; i++) {
    const p = job.processes[i];
    if (p.pid != pid || p.status == RUNNING) continue;
    return (p.status & 0x7f) != 0 ? 128 + (p.status & 0x7f) : (p.status >> 8) & 0xff;
  }
  return jobStatus(job);
}
