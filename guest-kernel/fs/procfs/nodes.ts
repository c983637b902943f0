/** The kinds of objects in /proc: directories from a list, texts from a function, links from a function. */
import { Errno } from "../../abi/errno";
import { realtimeNs } from "../../hal/time";
import { Bytes, BytesBuilder, b } from "../../lib/bytes";
import { Result, fail } from "../../lib/result";
import { ATTR_SIZE, DirSink, Filesystem, Inode, InodeOut, S_IFDIR, S_IFLNK, S_IFREG, SetAttr } from "../../vfs/inode";
import { TextInode } from "../../vfs/text-inode";

let lastIno: u64 = 0;

/** Inode numbers in the order of creation. */
export function nextProcIno(): u64 {
  return ++lastIno;
}

function born(i: Inode, mode: u32): void {
  i.ino = nextProcIno();
  i.mode = mode;
  i.atime = i.mtime = i.ctime = realtimeNs();
}

/** What O_TRUNC and truncate ask of a file without size; everything else is refused. */
function onlyTruncation(c: SetAttr): Result {
  return (c.mask & ATTR_SIZE) != 0 ? 0 : fail(Errno.EPERM);
}

type Generate = (out: BytesBuilder) => Result;
type Store = (text: Bytes) => Result;

/** A text about the system as a whole. */
@final
export class SystemText extends TextInode {
  constructor(
    fs: Filesystem,
    mode: u32,
    private make: Generate,
    private take: Store,
  ) {
    super(fs);
    born(this, S_IFREG | mode);
  }

  generate(out: BytesBuilder): Result {
    return this.make(out);
  }
  store(text: Bytes): Result {
    return this.take(text);
  }
  setattr(c: SetAttr): Result {
    return onlyTruncation(c);
  }
}

/** A symbolic link whose target depends on who asks. */
@final
export class SystemLink extends Inode {
  constructor(
    fs: Filesystem,
    private make: Generate,
  ) {
    super(fs);
    born(this, S_IFLNK | 0o777);
  }

  readlink(out: BytesBuilder): Result {
    return this.make(out);
  }
}

function readOnlyText(_text: Bytes): Result {
  return fail(Errno.EACCES);
}

/** A directory whose names never change. */
@final
export class ProcDir extends Inode {
  private names: Array<Bytes> = [];
  private nodes: Array<Inode> = [];

  constructor(fs: Filesystem) {
    super(fs);
    born(this, S_IFDIR | 0o555);
    this.nlink = 2;
  }

  get count(): i32 {
    return this.names.length;
  }

  add(name: string, node: Inode): void {
    this.names.push(b(name));
    this.nodes.push(node);
    if (node.isDir) this.nlink++;
  }

  addText(name: string, make: Generate): void {
    this.add(name, new SystemText(this.fs, 0o444, make, readOnlyText));
  }

  /** A text that root may write. */
  addSetting(name: string, make: Generate, take: Store, mode: u32 = 0o644): void {
    this.add(name, new SystemText(this.fs, mode, make, take));
  }

  addLink(name: string, make: Generate): void {
    this.add(name, new SystemLink(this.fs, make));
  }

  addDir(name: string): ProcDir {
    const d = new ProcDir(this.fs);
    this.add(name, d);
    return d;
  }

  lookup(name: Bytes, out: InodeOut): Result {
    for (let i = 0; i < this.names.length; i++) {
      if (!this.names[i].equals(name)) continue;
      out.inode = this.nodes[i];
      return 0;
    }
    return fail(Errno.ENOENT);
  }

  readdir(pos: i64, sink: DirSink): Result {
    for (let i = <i32>pos; i < this.names.length; i++) {
      const n = this.nodes[i];
      if (!sink.add(this.names[i], n.ino, <u8>(n.mode >> 12), i + 1)) break;
    }
    return 0;
  }
}
