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

@final
export class Applet {
  constructor(
    public name: Bytes,
    /** Gets argv; returns the exit status. */
    public run: (args: Bytes[]) => i32,
  ) {}
}

const applets: Applet[] = [];

function add(name: string, run: (args: Bytes[]) => i32): void {
  applets.push(new Applet(b(name), run));
}

add("[", bracket);
add("agent", agent);
add("basename", basename);
add("cat", cat);
add("chgrp", chownMain);
add("chmod", chmodMain);
add("chown", chownMain);
add("chroot", chrootMain);
add("cmp", cmp);
add("cp", cp);
add("cut", cut);
add("date", date);
add("dd", dd);
add("df", df);
add("dirname", dirname);
add("dmesg", dmesg);
add("echo", echo);
add("egrep", grep);
add("env", env);
add("expr", expr);
add("false", falseMain);
add("fgrep", grep);
add("find", find);
add("getfattr", getfattr);
add("grep", grep);
add("halt", power);
add("head", head);
add("hostname", hostname);
add("id", id);
add("init", init);
add("kill", killMain);
add("ln", ln);
add("ls", ls);
add("mkdir", mkdirMain);
add("mkfifo", mkfifo);
add("mknod", mknodMain);
add("mount", mountMain);
add("mv", mv);
add("od", od);
add("pivot_root", pivotRootMain);
add("poweroff", power);
add("printf", printf);
add("ps", ps);
add("pwd", pwd);
add("readlink", readlinkMain);
add("realpath", readlinkMain);
add("reboot", power);
add("rm", rm);
add("rmdir", rmdir);
add("sed", sed);
add("seq", seq);
add("setfattr", setfattr);
add("sh", shell);
add("sleep", sleep);
add("sort", sort);
add("stat", statMain);
add("stty", stty);
add("sync", sync);
add("tail", tail);
add("tee", tee);
add("test", test);
add("touch", touch);
add("tr", tr);
add("true", trueMain);
add("truncate", truncate);
add("umount", umountMain);
add("uname", uname);
add("uniq", uniq);
add("unlink", unlinkMain);
add("wc", wc);
add("whoami", whoami);
add("xargs", xargs);

export function findApplet(name: Bytes): Applet | null {
  for (let i = 0; i < applets.length; i++) if (applets[i].name.equals(name)) return applets[i];
  return null;
}

export function appletNames(): Bytes[] {
  return applets.map<Bytes>(a => a.name);
}
