/** Every program of the multi-call binary, by the name it is started with. images/manifests takes its links from here. */
import { Bytes, b } from "../lib/bytes";
import { cat, tee } from "./bin/cat";
import { agent } from "./agent/agent";
import { cmp, od } from "./bin/cmp";
import { chmodMain, chownMain } from "./bin/attributes";
import { cp, mv } from "./bin/copy";
import { date } from "./bin/date";
import { dd } from "./bin/dd";
import { getfattr, setfattr } from "./bin/fattr";
import { expr } from "./bin/expr";
import { find } from "./bin/find";
import { grep } from "./bin/grep";
import { head, tail } from "./bin/head-tail";
import { ls } from "./bin/ls";
import { dmesg, hostname, power } from "./bin/machine";
import { ln, mkdirMain, mkfifo, mknodMain, touch } from "./bin/make";
import { chrootMain, mountMain, pivotRootMain, umountMain } from "./bin/mount";
import { killMain, ps } from "./bin/process";
import { rm, rmdir, unlinkMain } from "./bin/rm";
import {
  basename,
  dirname,
  env,
  falseMain,
  id,
  pwd,
  readlinkMain,
  seq,
  sleep,
  sync,
  trueMain,
  uname,
  whoami,
} from "./bin/small";
import { init } from "./init/init";
import { sed } from "./bin/sed";
import { sort, uniq } from "./bin/sort";
import { df, statMain } from "./bin/stat-df";
import { stty } from "./bin/stty";
import { cut, tr } from "./bin/tr";
import { truncate } from "./bin/truncate";
import { xargs } from "./bin/xargs";
import { wc } from "./bin/wc";
import { shell } from "./sh/main";

import { echo } from "./sh/builtin/echo";
import { printf } from "./sh/builtin/printf";
import { bracket, test } from "./sh/builtin/test";

/** Gets argv; returns the exit status. */
export type Applet = (args: Bytes[]) => i32;

/** Every start of a program comes by: rows are compared with the name that is sought, and nothing is built of them. */
let sought: Bytes | null = null;
let found: Applet | null = null;
let names: Bytes[] = [];

function row(name: string, run: Applet): void {
  const wanted = sought;
  if (wanted == null) names.push(b(name));
  else if (wanted.isText(name)) found = run;
}

function visitRows(): void {
  row("[", bracket);
  row("agent", agent);
  row("basename", basename);
  row("cat", cat);
  row("chgrp", chownMain);
  row("chmod", chmodMain);
  row("chown", chownMain);
  row("chroot", chrootMain);
  row("cmp", cmp);
  row("cp", cp);
  row("cut", cut);
  row("date", date);
  row("dd", dd);
  row("df", df);
  row("dirname", dirname);
  row("dmesg", dmesg);
  row("echo", echo);
  row("egrep", grep);
  row("env", env);
  row("expr", expr);
  row("false", falseMain);
  row("fgrep", grep);
  row("find", find);
  row("getfattr", getfattr);
  row("grep", grep);
  row("halt", power);
  row("head", head);
  row("hostname", hostname);
  row("id", id);
  row("init", init);
  row("kill", killMain);
  row("ln", ln);
  row("ls", ls);
  row("mkdir", mkdirMain);
  row("mkfifo", mkfifo);
  row("mknod", mknodMain);
  row("mount", mountMain);
  row("mv", mv);
  row("od", od);
  row("pivot_root", pivotRootMain);
  row("poweroff", power);
  row("printf", printf);
  row("ps", ps);
  row("pwd", pwd);
  row("readlink", readlinkMain);
  row("realpath", readlinkMain);
  row("reboot", power);
  row("rm", rm);
  row("rmdir", rmdir);
  row("sed", sed);
  row("seq", seq);
  row("setfattr", setfattr);
  row("sh", shell);
  row("sleep", sleep);
  row("sort", sort);
  row("stat", statMain);
  row("stty", stty);
  row("sync", sync);
  row("tail", tail);
  row("tee", tee);
  row("test", test);
  row("touch", touch);
  row("tr", tr);
  row("true", trueMain);
  row("truncate", truncate);
  row("umount", umountMain);
  row("uname", uname);
  row("uniq", uniq);
  row("unlink", unlinkMain);
  row("wc", wc);
  row("whoami", whoami);
  row("xargs", xargs);
}

export function findApplet(name: Bytes): Applet | null {
  sought = name;
  visitRows();
  return found;
}

export function appletNames(): Bytes[] {
  sought = null;
  names = [];
  visitRows();
  return names;
}
