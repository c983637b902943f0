import { beforeEach, expect, test } from "vitest";
import { loadVfs, type Vfs } from "../../test/lib/vfs-wasm.ts";

let v: Vfs;
beforeEach(async () => {
  v = await loadVfs();
});

const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_DIRECTORY = 0o200000;
const O_NOFOLLOW = 0o400000;
const O_PATH = 0o10000000;

test("path walk: dots, slashes, links and their limits", () => {
  v.mkdir("a");
  v.mkdir("a/b");
  v.write("a/b/f", "x");
  v.symlink("b/f", "a/rel");
  v.symlink("/a/b", "abs");
  v.symlink("loop", "loop");
  for (const path of ["a/b/f", "/a/./b/../b//f", "a/rel", "abs/f", "//a///b/f", "../../a/b/f"])
    expect(v.read(path), path).toBe("x");
  expect(v.stat("a/")).toMatchObject({ type: "dir" });
  expect(v.stat("a/b/f/")).toBe("ENOTDIR");
  expect(v.stat("a/b/f/..")).toBe("ENOTDIR");
  expect(v.stat("")).toBe("ENOENT");
  expect(v.stat("none/x")).toBe("ENOENT");
  expect(v.stat("loop")).toBe("ELOOP");
  expect(v.stat("loop/x")).toBe("ELOOP");
  expect(v.lstat("loop")).toMatchObject({ type: "link" });
  expect(v.lstat("loop/")).toBe("ELOOP");
  expect(v.lstat("abs/")).toMatchObject({ type: "dir" });
  expect(v.stat("x".repeat(255))).toBe("ENOENT");
  expect(v.stat("x".repeat(256))).toBe("ENAMETOOLONG");
  expect(v.readlink("abs")).toBe("/a/b");
  v.mkdir("s0");
  for (let i = 1; i <= 41; i++) v.symlink(`s${i - 1}`, `s${i}`);
  expect(v.stat("s40")).toMatchObject({ type: "dir" });
  expect(v.stat("s41")).toBe("ELOOP");
});

test("open flags", () => {
  v.mkdir("d");
  v.write("f", "abc");
  v.symlink("f", "l");
  v.symlink("new", "dangling");
  expect(v.open("f", O_CREAT | O_EXCL)).toBe("EEXIST");
  expect(v.open("l", O_CREAT | O_EXCL)).toBe("EEXIST");
  expect(v.open("dangling", O_CREAT | O_EXCL)).toBe("EEXIST");
  expect(v.open("l", O_NOFOLLOW)).toBe("ELOOP");
  expect(v.open("l", O_NOFOLLOW | O_PATH)).toBe(0);
  expect(v.open("f", O_DIRECTORY)).toBe("ENOTDIR");
  expect(v.open("d", O_CREAT)).toBe("EISDIR");
  expect(v.open("d", 1)).toBe("EISDIR");
  expect(v.open("g/", O_CREAT)).toBe("EISDIR");
  expect(v.open("d", O_CREAT | O_DIRECTORY)).toBe("EINVAL");
  expect(v.open("none", 0)).toBe("ENOENT");
  expect(v.open("dangling", O_CREAT | 1)).toBe(1);
  expect(v.stat("new")).toMatchObject({ type: "file", size: 0 });
  expect(v.open("f", O_TRUNC | 1)).toBe(2);
  expect(v.stat("f")).toMatchObject({ size: 0 });
});

test("creating and removing: the errno in Linux's order", () => {
  v.mkdir("d");
  v.mkdir("d/e");
  v.write("f", "");
  expect(v.mkdir("d")).toBe("EEXIST");
  expect(v.mkdir("f/x")).toBe("ENOTDIR");
  expect(v.mkdir(".")).toBe("EEXIST");
  expect(v.mkdir("/")).toBe("EEXIST");
  expect(v.mkdir("g/")).toBe(0);
  expect(v.symlink("t", "h/")).toBe("ENOENT");
  expect(v.rmdir("d")).toBe("ENOTEMPTY");
  expect(v.rmdir("f")).toBe("ENOTDIR");
  expect(v.rmdir("d/.")).toBe("EINVAL");
  expect(v.rmdir("d/..")).toBe("ENOTEMPTY");
  expect(v.rmdir("/")).toBe("EBUSY");
  expect(v.unlink("d")).toBe("EISDIR");
  expect(v.unlink("f/")).toBe("ENOTDIR");
  expect(v.unlink("d/..")).toBe("EISDIR");
  expect(v.unlink("none")).toBe("ENOENT");
  expect(v.link("d", "x")).toBe("EPERM");
  expect(v.link("f", "d")).toBe("EEXIST");
  expect(v.link("f", "f2")).toBe(0);
  expect(v.stat("f2")).toMatchObject({ nlink: 2 });
  expect(v.rmdir("d/e/")).toBe(0);
  expect(v.stat("d")).toMatchObject({ nlink: 2 });
});

test("an open file lives without a name, and a removed directory takes no names", () => {
  v.write("f", "kept");
  const fd = v.open("f", 0) as number;
  v.unlink("f");
  expect(v.pread(fd, 10, 0)).toBe("kept");
  v.close(fd);
  v.mkdir("d");
  v.chdir("d");
  v.rmdir("/d");
  expect(v.mkdir("x")).toBe("ENOENT");
  expect(v.stat(".")).toMatchObject({ nlink: 0 });
  expect(v.stat("..")).toMatchObject({ type: "dir" });
  expect(v.getcwd()).toBe("ENOENT");
});

test("rename: what it refuses, replaces and exchanges", () => {
  v.mkdir("d");
  v.mkdir("d/e");
  v.mkdir("empty");
  v.write("f", "F");
  v.write("g", "G");
  expect(v.rename("d", "d/e/x")).toBe("EINVAL");
  expect(v.rename("d/e", "d")).toBe("ENOTEMPTY");
  expect(v.rename("f", "d")).toBe("EISDIR");
  expect(v.rename("d", "f")).toBe("ENOTDIR");
  expect(v.rename("empty", "d")).toBe("ENOTEMPTY");
  expect(v.rename(".", "x")).toBe("EBUSY");
  expect(v.rename("none", "x")).toBe("ENOENT");
  expect(v.rename("f", "x/")).toBe("ENOTDIR");
  expect(v.rename("f", "g", 1)).toBe("EEXIST");
  expect(v.rename("f", "none", 2)).toBe("ENOENT");
  expect(v.rename("f", "g", 3)).toBe("EINVAL");
  expect(v.rename("f", "g", 8)).toBe("EINVAL");
  expect(v.rename("d/e", "empty")).toBe(0);
  expect(v.stat("d")).toMatchObject({ nlink: 2 });
  expect(v.rename("f", "g")).toBe(0);
  expect(v.read("g")).toBe("F");
  expect(v.stat("f")).toBe("ENOENT");
  expect(v.rename("g", "empty", 2)).toBe(0);
  expect(v.read("empty")).toBe("F");
  expect(v.stat("g")).toMatchObject({ type: "dir" });
  expect(v.rename("empty", "moved", 4)).toBe(0);
  expect(v.stat("empty")).toMatchObject({ type: "char", rdev: 0 });
  v.link("moved", "twin");
  expect(v.rename("moved", "twin")).toBe(0);
  expect(v.read("moved")).toBe("F");
});

test("permissions: owner, group, others, sticky, setgid and the umask", () => {
  v.mkdir("d", 0o1777);
  v.mkdir("s", 0o2777);
  v.k.umask(0o027);
  v.k.become(1000, 1000);
  expect(v.mkdir("no")).toBe("EACCES");
  v.write("d/f", "x");
  expect(v.stat("d/f")).toMatchObject({ uid: 1000, gid: 1000, perm: 0o640 });
  v.mkdir("s/sub");
  expect(v.stat("s/sub")).toMatchObject({ gid: 0, perm: 0o2750 });
  expect(v.chown("d/f", 0, 0)).toBe("EPERM");
  v.k.become(1001, 1001);
  expect(v.open("d/f", 0)).toBe("EACCES");
  expect(v.unlink("d/f")).toBe("EPERM");
  expect(v.rename("d/f", "d/g")).toBe("EPERM");
  expect(v.chmod("d/f", 0o777)).toBe("EPERM");
  expect(v.stat("s/sub/x")).toBe("EACCES");
  expect(v.mknod("d/dev", 0o020666, 1, 3)).toBe("EPERM");
  expect(v.mknod("d/white", 0o020000, 0, 0)).toBe(0);
  v.k.become(0, 0);
  expect(v.chmod("d/f", 0o6755)).toBe(0);
  expect(v.chown("d/f", 5, 5)).toBe(0);
  expect(v.stat("d/f")).toMatchObject({ perm: 0o755, uid: 5 });
  expect(v.unlink("d/f")).toBe(0);
});

test("mounts: covering, busy, detached, bound, moved, read-only", () => {
  v.mkdir("m");
  v.write("m/under", "");
  expect(v.mount("m", "size=8k,mode=700")).toBe(0);
  expect(v.mount("m", "bogus=1")).toBe("EINVAL");
  expect(v.stat("m")).toMatchObject({ perm: 0o700 });
  expect(v.stat("m/under")).toBe("ENOENT");
  expect(v.stat("m/..")).toEqual(v.stat("/"));
  expect(v.rmdir("m")).toBe("EBUSY");
  expect(v.rename("m", "n")).toBe("EBUSY");
  v.write("m/f", "in");
  expect(v.rename("m/f", "f")).toBe("EXDEV");
  expect(v.link("m/f", "f")).toBe("EXDEV");
  const fd = v.open("m/f", 0) as number;
  expect(v.umount("m")).toBe("EBUSY");
  const writer = v.open("m/f", 2) as number;
  expect(v.remount("m", 1)).toBe("EBUSY");
  v.close(writer);
  expect(v.remount("m", 1)).toBe(0);
  expect(v.open("m/f", 2)).toBe("EROFS");
  expect(v.remount("m", 0)).toBe(0);
  v.mkdir("b");
  expect(v.bind("m", "b")).toBe(0);
  expect(v.read("b/f")).toBe("in");
  expect(v.remount("b", 1 | 4096)).toBe(0);
  expect(v.write("b/g", "")).toBe("EROFS");
  expect(v.write("m/g", "")).toBe(0);
  expect(v.umount("b")).toBe(0);
  expect(v.umount("b")).toBe("EINVAL");
  expect(v.umount("m", 2)).toBe(0);
  expect(v.stat("m/under")).toMatchObject({ type: "file" });
  expect(v.pread(fd, 10, 0)).toBe("in");
  v.close(fd);
  expect(v.mount("m", "")).toBe(0);
  expect(v.move("m", "b")).toBe(0);
  expect(v.stat("m/under")).toMatchObject({ type: "file" });
  expect(v.move("b", "b")).toBe("ELOOP");
  expect(v.umount("b")).toBe(0);
});

test("pivot_root and chroot", () => {
  v.mkdir("new");
  v.mount("new", "");
  v.mkdir("new/old");
  v.write("marker", "");
  expect(v.pivotRoot("new", "new")).toBe(0);
  expect(v.umount("/")).toBe(0);
  v.chdir("/");
  expect(v.stat("/marker")).toBe("ENOENT");
  expect(v.stat("/old")).toMatchObject({ type: "dir" });
  v.mkdir("jail");
  v.mkdir("jail/in");
  v.chroot("jail");
  expect(v.getcwd()).toBe("(unreachable)/");
  expect(v.stat("/..")).toEqual(v.stat("/"));
  expect(v.stat("/in/../../in")).toMatchObject({ type: "dir" });
});

test("reads and writes across pages and holes, and the limits of size= and nr_inodes=", () => {
  const fd = v.open("f", O_CREAT | 2) as number;
  expect(v.pwrite(fd, "end", 10000)).toBe(3);
  expect(v.pread(fd, 5, 9998)).toBe("\0\0end");
  expect(v.seek(fd, 0n, 3)).toBe(8192);
  expect(v.seek(fd, 0n, 4)).toBe(0);
  expect(v.seek(fd, 9000n, 4)).toBe(10003);
  expect(v.seek(fd, 10003n, 3)).toBe("ENXIO");
  v.truncate("f", 10001);
  v.truncate("f", 20000);
  expect(v.pread(fd, 4, 9999)).toBe("\0e\0\0");
  v.close(fd);

  v.mkdir("m");
  v.mount("m", "size=8k,nr_inodes=3");
  v.chdir("m");
  const limited = v.open("g", O_CREAT | 2) as number;
  expect(v.pwrite(limited, "y".repeat(10000), 0)).toBe(8192);
  expect(v.pwrite(limited, "y", 8192)).toBe("ENOSPC");
  expect(v.statfs()).toEqual({ blocks: 2, bfree: 0, files: 3, ffree: 1 });
  v.mkdir("one");
  expect(v.mkdir("two")).toBe("ENOSPC");
  v.close(limited);
  v.unlink("g");
  expect(v.mkdir("two")).toBe(0);
  expect(v.statfs()).toEqual({ blocks: 2, bfree: 2, files: 3, ffree: 0 });
});

test("a listing goes on through creations and removals", () => {
  v.mkdir("d");
  for (let i = 0; i < 50; i++) v.write(`d/f${i}`, "");
  const fd = v.open("d", O_DIRECTORY) as number;
  const seen = new Set<string>();
  for (let batch = v.list(fd, 7); batch.length > 0; batch = v.list(fd, 7)) {
    for (const { name, type } of batch) {
      if (name === "." || name === "..") {
        expect(type).toBe(4);
        continue;
      }
      expect(seen.has(name)).toBe(false);
      seen.add(name);
      expect(v.unlink(`d/${name}`)).toBe(0);
      if (seen.size === 10) v.write("d/late", "");
    }
  }
  expect([...seen].filter(n => n !== "late")).toHaveLength(50);
  v.close(fd);
  expect(v.rmdir("d")).toBe(0);
});

test("nothing leaks: after all is removed the counters are as before", () => {
  const before = v.counters();
  v.mkdir("m");
  v.mount("m", "");
  v.mkdir("m/d");
  for (let i = 0; i < 20; i++) v.write(`m/d/f${i}`, "z".repeat(5000));
  const fd = v.open("m/d/f1", 0) as number;
  v.unlink("m/d/f1");
  v.rename("m/d/f2", "m/d/f3");
  v.umount("m", 2);
  v.close(fd);
  v.write("f", "z".repeat(9000));
  v.unlink("f");
  v.rmdir("m");
  expect(v.counters()).toEqual(before);
});
