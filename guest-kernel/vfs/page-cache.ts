/**
 * The pages of one inode: page index -> frame. The cache owns one reference of each frame; a mapping holds another.
 *
 * The first pages stand in a small array, because most files are short; the rest in a radix tree whose nodes are frames,
 * so that a file of any size costs no collected memory and running out is an errno.
 *
 * Pages that can be read again (a read-only disk file) are reclaimable: such caches stand in one global list and lose
 * whatever nobody maps when frames run low. The pages of a tmpfs are its storage and are never taken.
 */
import { Errno } from "../abi/errno";
import { Result, fail } from "../lib/result";
import { PAGE_SIZE, allocFrame, frameRefs, putFrame, setReclaim } from "../mm/frames";
import { emptySlabs, releaseSlabs } from "../mm/slabs";

const NEAR: u64 = 8;
const FANOUT_SHIFT: u64 = 10;
const FANOUT: u64 = 1 << FANOUT_SHIFT;
const MAX_HEIGHT: u32 = 4;
/** No such page. */
export const NO_PAGE: i64 = -1;

@final
export class PageCache {
  /** Pages present. */
  count: u32 = 0;
  private near: StaticArray<usize> | null = null;
  /** Root node of the tree, or 0. It covers FANOUT ** height pages. */
  private tree: usize = 0;
  private height: u32 = 0;
  /** The tree is being changed: reclaiming would pull nodes from under it. */
  private isBusy: bool = false;
  private isListed: bool = false;

  /** The frame of page `index`, or 0. The caller gets no reference. */
  get(index: u64): usize {
    if (index < NEAR) {
      const near = this.near;
      return near == null ? 0 : near[<i32>index];
    }
    const slot = this.slot(index);
    return slot == 0 ? 0 : load<usize>(slot);
  }

  /** Puts `frame` at an empty `index` and takes over the caller's reference. Errors: -ENOMEM, -EFBIG. */
  insert(index: u64, frame: usize): Result {
    if (index < NEAR) {
      let near = this.near;
      if (near == null) {
        near = new StaticArray<usize>(<i32>NEAR);
        this.near = near;
      }
      near[<i32>index] = frame;
      this.count++;
      return 0;
    }
    this.isBusy = true;
    const slot = this.makeSlot(index);
    this.isBusy = false;
    if (slot < 0) return slot;
    store<usize>(<usize>slot, frame);
    this.count++;
    return 0;
  }

  /** Drops page `index` if it is there. */
  remove(index: u64): void {
    const frame = this.get(index);
    if (frame == 0) return;
    if (index < NEAR) (this.near as StaticArray<usize>)[<i32>index] = 0;
    else store<usize>(this.slot(index), 0);
    this.count--;
    putFrame(frame);
    if (this.count == 0) this.freeTree();
  }

  /** Drops every page from `index` on. Returns how many. */
  truncate(index: u64): u32 {
    const before = this.count;
    for (let i = this.next(index); i != NO_PAGE; i = this.next(<u64>i + 1)) this.remove(<u64>i);
    return before - this.count;
  }

  /** Drops everything. */
  free(): void {
    this.truncate(0);
    this.freeTree();
  }

  /** The first present index >= `from`, or NO_PAGE. */
  next(from: u64): i64 {
    if (this.count == 0) return NO_PAGE;
    const near = this.near;
    let i = from;
    if (near != null) for (; i < NEAR; i++) if (near[<i32>i] != 0) return <i64>i;
    i = max(i, NEAR);
    return this.height == 0 ? NO_PAGE : this.nextIn(this.tree, this.height, 0, i);
  }

  /** The first absent index >= `from`. */
  nextHole(from: u64): u64 {
    let i = from;
    while (this.get(i) != 0) i++;
    return i;
  }

  /** From now on its pages may be dropped while nobody maps them. */
  makeReclaimable(): void {
    if (this.isListed) return;
    this.isListed = true;
    reclaimable.push(this);
  }

  /** The owner is about to forget the cache. */
  retire(): void {
    this.free();
    if (!this.isListed) return;
    this.isListed = false;
    const i = reclaimable.indexOf(this);
    if (i >= 0) {
      reclaimable[i] = reclaimable[reclaimable.length - 1];
      reclaimable.pop();
    }
  }

  /** Drops what nobody maps. Returns how many pages. */
  dropClean(): u32 {
    if (this.isBusy) return 0;
    const before = this.count;
    for (let i = this.next(0); i != NO_PAGE; i = this.next(<u64>i + 1)) {
      if (frameRefs(this.get(<u64>i)) == 1) this.remove(<u64>i);
    }
    return before - this.count;
  }

  /** Pages that a tree of `height` covers. */
  private span(height: u32): u64 {
    return (<u64>1) << (FANOUT_SHIFT * height);
  }

  /** Address of the slot of `index`, or 0 where a node is missing. */
  private slot(index: u64): usize {
    if (this.height == 0 || index >= this.span(this.height)) return 0;
    let node = this.tree;
    for (let h = this.height; h > 1 && node != 0; h--) node = load<usize>(slotIn(node, index, h));
    return node == 0 ? 0 : slotIn(node, index, 1);
  }

  /** As slot, but makes what is missing. Errors: -ENOMEM, -EFBIG. */
  private makeSlot(index: u64): Result {
    if (index >= this.span(MAX_HEIGHT)) return fail(Errno.EFBIG);
    while (this.height == 0 || index >= this.span(this.height)) {
      const root = allocFrame();
      if (root == 0) return fail(Errno.ENOMEM);
      if (this.height > 0) store<usize>(root, this.tree);
      this.tree = root;
      this.height++;
    }
    let node = this.tree;
    for (let h = this.height; h > 1; h--) {
      const at = slotIn(node, index, h);
      node = load<usize>(at);
      if (node != 0) continue;
      node = allocFrame();
      if (node == 0) return fail(Errno.ENOMEM);
      store<usize>(at, node);
    }
    return <Result>slotIn(node, index, 1);
  }

  /** First present index >= `from` below `node`, whose first page is `start`. */
  private nextIn(node: usize, h: u32, start: u64, from: u64): i64 {
    const step = this.span(h - 1);
    let i = from > start ? (from - start) / step : 0;
    for (; i < FANOUT; i++) {
      const child = load<usize>(node + <usize>i * sizeof<usize>());
      if (child == 0) continue;
      const first = start + i * step;
      if (h == 1) return <i64>first;
      const found = this.nextIn(child, h - 1, first, from);
      if (found != NO_PAGE) return found;
    }
    return NO_PAGE;
  }

  private freeTree(): void {
    if (this.isBusy) return;
    if (this.height > 0) freeNode(this.tree, this.height);
    this.tree = 0;
    this.height = 0;
  }
}

/** Slot of `index` in a node of height `h`. */
function slotIn(node: usize, index: u64, h: u32): usize {
  const i = (index >> (FANOUT_SHIFT * (h - 1))) & (FANOUT - 1);
  return node + <usize>i * sizeof<usize>();
}

function freeNode(node: usize, h: u32): void {
  if (h > 1) {
    for (let at = node; at < node + PAGE_SIZE; at += sizeof<usize>()) {
      const child = load<usize>(at);
      if (child != 0) freeNode(child, h - 1);
    }
  }
  putFrame(node);
}

const reclaimable = new Array<PageCache>();
/** Where the next round begins, so that no cache is always the first to lose its pages. */
let hand: i32 = 0;
const ENOUGH: u32 = 64;

/** Drops unmapped reclaimable pages until `wanted` are gone. Returns how many went. */
export function reclaimPages(wanted: u32): u32 {
  let dropped: u32 = 0;
  for (let n = reclaimable.length; n > 0 && dropped < wanted; n--) {
    hand = hand + 1 < reclaimable.length ? hand + 1 : 0;
    dropped += reclaimable[hand].dropClean();
  }
  return dropped;
}

/** Pages of files that could be dropped, for /proc/meminfo. */
export function cachedPages(): u32 {
  let n: u32 = 0;
  for (let i = 0; i < reclaimable.length; i++) n += reclaimable[i].count;
  return n;
}

/** Hooks the reclaimer into the frame allocator: idle memory of the object heap goes first. */
export function pageCacheInit(): void {
  setReclaim(
    (): bool => (emptySlabs() >= ENOUGH && releaseSlabs() > 0) || reclaimPages(ENOUGH) > 0 || releaseSlabs() > 0,
  );
}
