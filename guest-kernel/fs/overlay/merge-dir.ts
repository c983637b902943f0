/**
 * Directory listing (H1-H5 H9 H11 C5 C10): one entry a name, the topmost layer's; whiteouts and what they hide are gone.
 *
 * A merged directory is read whole into a snapshot, the lowest layer's names first, and offered by number. An open
 * directory goes on in its snapshot whatever changes meanwhile, until it is rewound. A directory of one layer is passed
 * through.
 */
import { Errno } from "../../abi/errno";
import { Bytes } from "../../lib/bytes";
import { Result, fail, failed } from "../../lib/result";
import { cachedDentry } from "../../vfs/dentry";
import { DirHandle, DirSink, Inode, InodeOut } from "../../vfs/inode";
import { iget, iput } from "../../vfs/refs";
import { OverlayInode } from "./inode";
import { LayerInode, OverlayLayer, lookupIn } from "./layer";
import { STARRY_MARKER, isWhiteout } from "./marks";

const DT_UNKNOWN: u8 = 0;
const DT_CHR: u8 = 2;
const DT_REG: u8 = 8;

/** One name of a listing. */
@final
class Entry {
  isHidden: bool = false;
  /** Stands in the result's order already. */
  isPlaced: bool = false;
  constructor(
    public name: Bytes,
    public ino: u64,
    public type: u8,
  ) {}
}

/** Entries found by name. */
@final
class EntryTable {
  all: Array<Entry> = new Array<Entry>();
  private slots: StaticArray<i32> = new StaticArray<i32>(32);

  find(name: Bytes): Entry | null {
    const i = this.slots[this.slotOf(name)];
    return i == 0 ? null : this.all[i - 1];
  }

  add(e: Entry): void {
    this.all.push(e);
    if (this.all.length * 2 > this.slots.length) this.grow();
    else this.slots[this.slotOf(e.name)] = this.all.length;
  }

  /** Where `name` stands, or the empty slot where it belongs; a slot holds an index plus one. */
  private slotOf(name: Bytes): i32 {
    const mask = this.slots.length - 1;
    let at = (<i32>name.hash()) & mask;
    while (this.slots[at] != 0 && !this.all[this.slots[at] - 1].name.equals(name)) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    this.slots = new StaticArray<i32>(this.slots.length * 4);
    for (let i = 0; i < this.all.length; i++) this.slots[this.slotOf(this.all[i].name)] = i + 1;
  }
}

/** What a merged directory showed when it was read. */
@final
export class DirSnapshot {
  /** The directory's version at that time. */
  version: u32 = 0;
  /** Visible entries; an entry's position is its index plus one. */
  private order: Array<Entry> = new Array<Entry>();
  private table: EntryTable = new EntryTable();

  /** Errors: what a layer returns (H13). */
  build(dir: OverlayInode): Result {
    this.version = dir.version;
    const upper = dir.upper;
    if (upper != null) {
      const r = this.readLayer(dir, dir.overlay.upperLayer!, upper, false);
      if (failed(r)) return r;
    }
    for (let i = 0; i < dir.lowers.length; i++) {
      const isLowest = i + 1 == dir.lowers.length;
      const r = this.readLayer(dir, dir.lowers[i].layer, dir.lowers[i].inode, isLowest);
      if (failed(r)) return r;
    }
    const all = this.table.all;
    for (let i = 0; i < all.length; i++) this.place(all[i]);
    return 0;
  }

  private readLayer(dir: OverlayInode, layer: OverlayLayer, real: Inode, isLowest: bool): Result {
    const reader = new LayerReader(dir, layer);
    const r = real.readdir(0, reader);
    if (failed(r)) return r;
    for (let i = 0; i < reader.entries.length; i++) {
      let e = reader.entries[i];
      const known = this.table.find(e.name);
      if (known == null) {
        const h = isHidden(dir, real, e.name, e.type);
        if (failed(h)) return h;
        e.isHidden = h == 1;
        this.table.add(e);
      } else e = known;
      if (isLowest) this.place(e);
    }
    return 0;
  }

  private place(e: Entry): void {
    if (e.isPlaced || e.isHidden) return;
    e.isPlaced = true;
    this.order.push(e);
  }

  offer(dir: OverlayInode, pos: i64, sink: DirSink): void {
    for (let i = pos; i < this.order.length; i++) {
      const e = this.order[<i32>i];
      if (!sink.add(e.name, shownIno(dir, e.name, e.ino), e.type, i + 1)) return;
    }
  }
}

/** Copies the names of one layer's directory. */
@final
class LayerReader extends DirSink {
  entries: Array<Entry> = new Array<Entry>();
  constructor(
    private dir: OverlayInode,
    private layer: OverlayLayer,
  ) {
    super();
  }

  add(name: Bytes, ino: u64, type: u8, _next: i64): bool {
    this.entries.push(new Entry(name.clone(), this.dir.overlay.inodeNumber(this.layer, ino), type));
    return true;
  }
}

/** 1 for a whiteout or a marker. Only types that can be one are looked at (H14). */
function isHidden(dir: OverlayInode, real: Inode, name: Bytes, type: u8): Result {
  if (dir.overlay.options.starryMarkers && name.equals(STARRY_MARKER)) return 1;
  const mayBe = type == DT_CHR || type == DT_UNKNOWN || (type == DT_REG && dir.hasXwhiteouts);
  if (!mayBe) return 0;
  const out = new InodeOut();
  const r = lookupIn(real, name, out);
  return r == 1 ? isWhiteout(out.inode!) : r;
}

/** d_ino: what stat shows, which after copy-up is the number that the name had before (H8). */
function shownIno(dir: OverlayInode, name: Bytes, ino: u64): u64 {
  const d = cachedDentry(dir, name);
  return d != null && !d.isNegative ? d.node.ino : ino;
}

/** One open directory. */
@final
export class OverlayDirHandle extends DirHandle {
  /** What is being read: a snapshot, or the one real directory. */
  private snapshot: DirSnapshot | null = null;
  private real: LayerInode | null = null;

  constructor(private dir: OverlayInode) {
    super();
  }

  readdir(pos: i64, sink: DirSink): Result {
    if (pos < 0) return fail(Errno.EINVAL);
    if (pos == 0 || (this.snapshot == null && this.real == null)) {
      const r = this.start();
      if (failed(r)) return r;
    }
    const s = this.snapshot;
    if (s != null) {
      s.offer(this.dir, pos, sink);
      return 0;
    }
    const real = this.real!;
    const through = new PassThrough(this.dir, real, sink);
    const r = real.inode.readdir(pos, through);
    return failed(r) ? r : through.result;
  }

  private start(): Result {
    this.close();
    const dir = this.dir;
    if (!dir.isMerged) {
      const upper = dir.upper;
      const real = upper != null ? new LayerInode(dir.overlay.upperLayer!, upper) : dir.lowers[0];
      iget(real.inode);
      this.real = real;
      return 0;
    }
    let s = dir.snapshot;
    if (s == null || s.version != dir.version) {
      s = new DirSnapshot();
      const r = s.build(dir);
      if (failed(r)) return r;
      dir.snapshot = s;
    }
    this.snapshot = s;
    return 0;
  }

  close(): void {
    const real = this.real;
    this.real = null;
    this.snapshot = null;
    if (real != null) iput(real.inode);
  }
}

/** Passes one real directory's entries on, without whiteouts and with the overlay's numbers. */
@final
class PassThrough extends DirSink {
  result: Result = 0;
  constructor(
    private dir: OverlayInode,
    private real: LayerInode,
    private to: DirSink,
  ) {
    super();
  }

  add(name: Bytes, ino: u64, type: u8, next: i64): bool {
    const h = isHidden(this.dir, this.real.inode, name, type);
    if (failed(h)) {
      this.result = h;
      return false;
    }
    const shown = shownIno(this.dir, name, this.dir.overlay.inodeNumber(this.real.layer, ino));
    return h == 1 || this.to.add(name, shown, type, next);
  }
}
