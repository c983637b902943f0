/**
 * A copy-on-write layer: writes stay in memory, the base is never touched (`-snapshot`, forks, rolling back). Clusters
 * of 4 KiB; a cluster that a snapshot holds is copied again before the next write to it.
 */
import type { BlockBackend } from './block-backend.ts';

const CLUSTER_BYTES = 4096;
/** Stands for every cluster that has been cleared as a whole. Nobody owns it: a write to one copies it first. */
const ZERO_CLUSTER = new Uint8Array(CLUSTER_BYTES);

/** The contents of a layer at one moment: shares its clusters with the layer, which will not change them. */
export type CowSnapshot = ReadonlyMap<number, Uint8Array>;

export class CowLayer implements BlockBackend {
  readonly sizeBytes: number;
  private clusters = new Map<number, Uint8Array>();
  /** Clusters no snapshot shares: they may be changed in place. */
  private readonly owned = new Set<number>();

  constructor(
    readonly base: BlockBackend,
    readonly isReadOnly = false,
  ) {
    this.sizeBytes = base.sizeBytes;
  }

  get label(): string {
    return `${this.base.label ?? 'in memory'} (writes stay in memory)`;
  }

  read(offset: number, target: Uint8Array): void {
    let done = 0;
    // Neighbouring clusters of the base are one read of it.
    const readBase = (end: number): void => {
      if (end > done) this.base.read(offset + done, target.subarray(done, end));
    };
    this.forClusters(offset, target.length, (index, from, at, length) => {
      const cluster = this.clusters.get(index);
      if (!cluster) return;
      readBase(at);
      target.set(cluster.subarray(from, from + length), at);
      done = at + length;
    });
    readBase(target.length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.forClusters(offset, bytes.length, (index, from, at, length) => {
      const isWhole = length === this.bytesOf(index);
      this.ownedCluster(index, isWhole).set(bytes.subarray(at, at + length), from);
    });
  }

  /** Gives the memory back. */
  discard(offset: number, length: number): void {
    this.writeZeroes(offset, length);
  }

  writeZeroes(offset: number, length: number): void {
    this.forClusters(offset, length, (index, from, _at, part) => {
      if (part === this.bytesOf(index)) {
        this.clusters.set(index, ZERO_CLUSTER);
        this.owned.delete(index);
      } else {
        this.ownedCluster(index, false).fill(0, from, from + part);
      }
    });
  }

  flush(): void {}

  snapshot(): CowSnapshot {
    this.owned.clear();
    return new Map(this.clusters);
  }

  restore(snapshot: CowSnapshot): void {
    this.owned.clear();
    this.clusters = new Map(snapshot);
  }

  /** The last one may be cut short. */
  private bytesOf(index: number): number {
    return Math.min(CLUSTER_BYTES, this.sizeBytes - index * CLUSTER_BYTES);
  }

  /** @param isOverwritten all of it is about to be: what stands there is not fetched */
  private ownedCluster(index: number, isOverwritten: boolean): Uint8Array {
    const present = this.clusters.get(index);
    if (present && this.owned.has(index)) return present;
    const cluster = new Uint8Array(CLUSTER_BYTES);
    if (!isOverwritten) {
      if (present) cluster.set(present);
      else this.base.read(index * CLUSTER_BYTES, cluster.subarray(0, this.bytesOf(index)));
    }
    this.clusters.set(index, cluster);
    this.owned.add(index);
    return cluster;
  }

  /** Visits each touched cluster: its index, where in it, where in the caller's bytes, and how much. */
  private forClusters(
    offset: number,
    length: number,
    visit: (index: number, from: number, at: number, length: number) => void,
  ): void {
    for (let at = 0; at < length;) {
      const from = (offset + at) % CLUSTER_BYTES;
      const part = Math.min(CLUSTER_BYTES - from, length - at);
      visit(Math.floor((offset + at) / CLUSTER_BYTES), from, at, part);
      at += part;
    }
  }
}
