/**
 * execve(2). The new address space is built completely while the old one is still there, so that whatever can fail fails
 * before the point of no return, and the caller gets the errno.
 */
import { Errno } from "../abi/errno";
import { fence_i } from "../hal/rv";
import { Bytes, b } from "../lib/bytes";
import { Result, fail, failed } from "../lib/result";
import { AddressSpace, MMAP_TOP, TRAMPOLINE } from "../mm/address-space";
import { PAGE_SIZE } from "../mm/frames";
import { PROT_EXEC, PROT_READ, Vma } from "../mm/vma";
import { releaseMemory } from "../proc/exit";
import { forgetFp } from "../proc/fp";
import { startFrame } from "../proc/frame";
import { fillRandom } from "../proc/random";
import { RLIMIT_STACK } from "../proc/rlimits";
import { Task, current } from "../proc/task";
import { ArgList } from "./arg-list";
import { ArgStack } from "./arg-stack";
import { Elf } from "./elf";
import { openProgram } from "./open-program";
import { ProgramFile, ProgramOut } from "./program-file";
import { HEAD_SIZE, ScriptLine, isScript, parseScript } from "./script";
import { TrampolinePager } from "./trampoline";

/** Scripts whose interpreter is a script: as many as Linux follows. */
const MAX_SCRIPTS: i32 = 5;
/** Where a position-independent program goes, and where its interpreter does. */
const DYN_BASE: u64 = 0x2a_aaaa_a000;
const INTERPRETER_ROOM: u64 = 16 << 20;
const COMM_MAX: i32 = 15;

const AT_PHDR: u64 = 3;
const AT_PHENT: u64 = 4;
const AT_PHNUM: u64 = 5;
const AT_PAGESZ: u64 = 6;
const AT_BASE: u64 = 7;
const AT_FLAGS: u64 = 8;
const AT_ENTRY: u64 = 9;
const AT_UID: u64 = 11;
const AT_EUID: u64 = 12;
const AT_GID: u64 = 13;
const AT_EGID: u64 = 14;
const AT_HWCAP: u64 = 16;
const AT_CLKTCK: u64 = 17;
const AT_SECURE: u64 = 23;
const AT_RANDOM: u64 = 25;
const AT_EXECFN: u64 = 31;
const AT_MINSIGSTKSZ: u64 = 51;
/** I, M, A, F, D, C. */
const HWCAP: u64 = 0x112d;
const MINSIGSTKSZ: u64 = 1088;

const S_ISUID: u32 = 0o4000;
const S_ISGID: u32 = 0o2000;
const S_IXGRP: u32 = 0o010;

/** What is being executed: the program that will run, and the arguments that scripts have put in front. */
@final
export class Image {
  program: ProgramFile | null = null;
  interpreter: ProgramFile | null = null;
  elf: Elf = new Elf();
  /** The first pc. */
  entry: u64 = 0;
  /** Replaces argv[0] when not empty. */
  prefix: Array<Bytes> = [];

  close(): void {
    const p = this.program;
    if (p != null) p.close();
    const i = this.interpreter;
    if (i != null) i.close();
    this.program = null;
    this.interpreter = null;
  }
}

/**
 * Replaces the current task's program by the one at `path`. Errors, in order: the path's (-ENOENT, -EACCES, -ELOOP, …),
 * -ENOEXEC, -ELOOP (too many scripts), -EFAULT, -E2BIG, -ENOMEM.
 */
export function execve(path: Bytes, argv: ArgList, envp: ArgList): Result {
  const image = new Image();
  let r = findProgram(path, image);
  if (!failed(r)) r = replaceProgram(image, path, argv, envp);
  image.close();
  return r;
}

/** The part of execve after the program has been found and parsed. */
export function replaceProgram(image: Image, path: Bytes, argv: ArgList, envp: ArgList): Result {
  const t = current();
  const space = AddressSpace.create();
  if (space == null) return fail(Errno.ENOMEM);
  const r = build(t, image, space, path, argv, envp);
  if (failed(r)) space.drop();
  else commit(t, image, space, path);
  return r;
}

/** Opens `path`, follows `#!` lines, parses the ELF header, opens its PT_INTERP. */
function findProgram(path: Bytes, image: Image): Result {
  const out = new ProgramOut();
  const line = new ScriptLine();
  let name = path;
  for (let scripts = 0; ; scripts++) {
    let r = openProgram(name, out);
    if (failed(r)) return r;
    const file = out.file as ProgramFile;
    image.program = file;
    const head = Bytes.alloc(HEAD_SIZE);
    r = file.read(0, head.ptr, head.len);
    if (failed(r)) return r;
    const seen = head.slice(0, <i32>r);
    if (!isScript(seen)) break;
    if (scripts == MAX_SCRIPTS) return fail(Errno.ELOOP);
    if (!parseScript(seen, line)) return fail(Errno.ENOEXEC);
    file.close();
    image.program = null;
    const prefix: Array<Bytes> = [line.interpreter];
    const argument = line.argument;
    if (argument != null) prefix.push(argument);
    prefix.push(name);
    for (let i = 1; i < image.prefix.length; i++) prefix.push(image.prefix[i]);
    image.prefix = prefix;
    name = line.interpreter;
  }
  let r = image.elf.parse(image.program as ProgramFile);
  if (failed(r) || image.elf.interpreter.len == 0) return r;
  r = openProgram(image.elf.interpreter, out);
  if (!failed(r)) image.interpreter = out.file;
  return r;
}

/** Maps the program and builds its stack in `space`. */
function build(t: Task, image: Image, space: AddressSpace, path: Bytes, argv: ArgList, envp: ArgList): Result {
  const elf = image.elf;
  const bias = elf.isDyn ? DYN_BASE - elf.low : 0;
  let r = elf.mapInto(space, image.program as ProgramFile, bias);
  if (failed(r)) return r;
  space.brkStart = (elf.end + bias + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1);
  space.brk = space.brkStart;
  image.entry = elf.entry + bias;
  let base: u64 = 0;
  const interpreter = image.interpreter;
  if (interpreter != null) {
    const loader = new Elf();
    r = loader.parse(interpreter);
    if (failed(r)) return r;
    base = loader.isDyn ? MMAP_TOP - INTERPRETER_ROOM - loader.low : 0;
    r = loader.mapInto(space, interpreter, base);
    if (failed(r)) return r;
    image.entry = loader.entry + base;
  }
  space.map(new Vma(TRAMPOLINE, TRAMPOLINE + PAGE_SIZE, PROT_READ | PROT_EXEC, false, new TrampolinePager()));

  const stack = new ArgStack(space, t.rlimits.current(RLIMIT_STACK));
  r = stack.pushBytes(path);
  if (failed(r)) return r;
  const execfn = stack.sp;
  const envc = envp.count();
  if (failed(envc)) return envc;
  r = envp.pushFrom(stack, 0, envc);
  if (failed(r)) return r;
  const given = argv.count();
  if (failed(given)) return given;
  const replaced: u64 = image.prefix.length > 0 ? 1 : 0;
  r = argv.pushFrom(stack, replaced, given);
  for (let i = image.prefix.length - 1; i >= 0 && !failed(r); i--) r = stack.pushBytes(image.prefix[i]);
  let argc = <u64>image.prefix.length + (<u64>given > replaced ? <u64>given - replaced : 0);
  if (argc == 0 && !failed(r)) {
    // No program expects argc 0: as Linux, an empty argv[0].
    r = stack.pushBytes(b(""));
    argc = 1;
  }
  if (failed(r)) return r;
  const strings = stack.sp;
  const random = Bytes.alloc(16);
  fillRandom(random.ptr, random.len);
  r = stack.pushRaw(random, 16);
  if (failed(r)) return r;
  const c = t.cred;
  const program = image.program as ProgramFile;
  const setsUid = setsId(t, program, S_ISUID);
  const setsGid = setsId(t, program, S_ISGID | S_IXGRP);
  const euid = setsUid ? program.uid : c.euid;
  const egid = setsGid ? program.gid : c.egid;
  const auxv: StaticArray<u64> = [
    AT_MINSIGSTKSZ, MINSIGSTKSZ, AT_HWCAP, HWCAP, AT_PAGESZ, PAGE_SIZE, AT_CLKTCK, 100,
    AT_PHDR, elf.phdrAddress == 0 ? 0 : elf.phdrAddress + bias, AT_PHENT, 56, AT_PHNUM, <u64>elf.phnum,
    AT_BASE, base, AT_FLAGS, 0, AT_ENTRY, elf.entry + bias,
    AT_UID, <u64>c.uid, AT_EUID, <u64>euid, AT_GID, <u64>c.gid, AT_EGID, <u64>egid,
    AT_SECURE, euid != c.uid || egid != c.gid ? 1 : 0, AT_RANDOM, stack.sp, AT_EXECFN, execfn, 0, 0,
  ]; // prettier-ignore
  return stack.finish(argc, envc, strings, auxv);
}

/** Whether set-id bits `bits` take effect: all of them set, on a mount that honours them, and not given up. */
function setsId(t: Task, file: ProgramFile, bits: u32): bool {
  return file.honoursSetId && !t.noNewPrivs && (file.mode & bits) == bits;
}

/** The point of no return: nothing below can fail. */
function commit(t: Task, image: Image, space: AddressSpace, path: Bytes): void {
  releaseMemory(t);
  t.mem = space;
  space.activate();
  fence_i();
  const program = image.program as ProgramFile;
  const c = t.cred.clone();
  if (setsId(t, program, S_ISUID)) c.euid = program.uid;
  if (setsId(t, program, S_ISGID | S_IXGRP)) c.egid = program.gid;
  t.dumpable = c.euid == t.cred.euid && c.egid == t.cred.egid ? 1 : 0;
  c.suid = c.euid;
  c.fsuid = c.euid;
  c.sgid = c.egid;
  c.fsgid = c.egid;
  t.cred = c;
  const files = t.files;
  if (files != null) files.closeOnExec();
  t.signals.resetForExec();
  t.parentDeathSignal = 0;
  t.hasExeced = true;
  t.comm = baseName(path);
  const old = t.exe;
  t.exe = program.executable();
  if (old != null) old.drop();
  forgetFp(t);
  startFrame(t.frame, image.entry, space.startStack);
}

function baseName(path: Bytes): Bytes {
  let start = 0;
  for (let i = 0; i < path.len; i++) if (path[i] == 0x2f) start = i + 1;
  return path.slice(start, start + min(path.len - start, COMM_MAX)).clone();
}
