/** Process 1: `init=` or the first of the usual places that works, with the console as its three descriptors. */
import { O_RDWR } from "../abi/fcntl";
import { LOG_ERR, klog, klogLine } from "../hal/log";
import { panic } from "../hal/panic";
import { Bytes, BytesBuilder, b } from "../lib/bytes";
import { Result, failed } from "../lib/result";
import { KernelArgs } from "../exec/arg-list";
import { execve } from "../exec/exec";
import { allocFrame } from "../mm/frames";
import { Task, setCurrent } from "../proc/task";
import { addTask, allocPid } from "../proc/task-table";
import { FdTable } from "../vfs/fd-table";
import { FileOut } from "../vfs/file";
import { FsState, fsState } from "../vfs/fs-context";
import { openPath } from "../vfs/open";
import { argValue, bootargs } from "./bootargs";

const PLACES: StaticArray<string> = ["/sbin/init", "/etc/init", "/bin/init", "/bin/sh"];

/** Makes the task and gives it its program; the caller resumes it. */
export function startInit(): void {
  const t = new Task(allocPid(), allocFrame());
  t.fs = fsState().clone();
  const files = new FdTable();
  t.files = files;
  addTask(t);
  setCurrent(t);
  openConsole(files, fsState());
  const named = argValue("init");
  if (named != null) {
    const r = run(named);
    if (!failed(r)) return;
    klogLine(new BytesBuilder().text("Requested init ").bytes(named).text(" failed (error ").dec(r).text(")"), LOG_ERR);
  }
  for (let i = 0; i < PLACES.length; i++) if (!failed(run(b(PLACES[i])))) return;
  panic("no working init found: give one with init=");
}

function openConsole(files: FdTable, fs: FsState): void {
  const out = new FileOut();
  const r = openPath(fs.cwd, b("/dev/console"), O_RDWR, 0, out);
  if (failed(r)) return klog("warning: unable to open an initial console");
  for (let fd = 0; fd < 3; fd++) {
    if (fd > 0) out.file.ref();
    files.add(out.file, false);
  }
}

function run(path: Bytes): Result {
  const argv = new Array<Bytes>();
  argv.push(path);
  addArguments(argv);
  const envp: Array<Bytes> = [b("HOME=/"), b("TERM=linux")];
  const r = execve(path, new KernelArgs(argv), new KernelArgs(envp));
  if (!failed(r)) klogLine(new BytesBuilder().text("Run ").bytes(path).text(" as init process"));
  return r;
}

/** Words after ` -- ` on the command line are init's. */
function addArguments(argv: Array<Bytes>): void {
  const line = bootargs();
  let taking = false;
  for (let i = 0; i < line.len;) {
    const end = line.indexOf(0x20, i);
    const word = line.slice(i, end < 0 ? line.len : end);
    i += word.len + 1;
    if (taking && word.len > 0) argv.push(word);
    else if (word.equals(b("--"))) taking = true;
  }
}
