/**
 * A moment of a machine: device and hart state, the RAM pages ever written, the disks' layers. Rolling the same machine
 * back copies only the pages dirtied since; a fork is a fresh machine rolled to the same moment.
 */
import { assert } from '../../base/assert.ts';
import { PAGE_SIZE } from '../../bus/memory-map.ts';
import type { Ram } from '../../bus/ram.ts';
import type { NetworkConfig } from '../../device/net/config.ts';
import { UserError } from '../../base/user-error.ts';
import { CowLayer, type CowSnapshot } from '../../storage/cow-layer.ts';
import type { BlockBackend } from '../../storage/block-backend.ts';
import { backendsOf, type DeviceSpec, type MachineConfig } from '../config.ts';
import { Machine } from '../machine.ts';

const ABSENT = -1;

export class Snapshot {
  constructor(
    readonly state: Uint8Array,
    /** Page numbers, ascending; their contents stand in `contents` in this order. All other pages are zero. */
    readonly pages: readonly number[],
    readonly contents: Uint8Array,
    /** For each page of RAM: where in `pages` it is, or ABSENT. */
    readonly slots: Int32Array,
    readonly disks: readonly CowSnapshot[],
  ) {}
}

/** Takes and restores the moments of one machine. All drives must be copy-on-write layers or read-only. */
export class SnapshotKeeper {
  /** RAM differs from this moment in the dirty pages alone. */
  private base: Snapshot | undefined;

  constructor(private readonly machine: Machine) {}

  take(): Snapshot {
    const { machine } = this;
    const { ram } = machine;
    const pages = ram.touchedPages();
    const contents = new Uint8Array(pages.length * PAGE_SIZE);
    const slots = new Int32Array(ram.size / PAGE_SIZE).fill(ABSENT);
    pages.forEach((page, slot) => {
      contents.set(pageOf(ram, page), slot * PAGE_SIZE);
      slots[page] = slot;
    });
    const disks = layers(machine.config).map(layer => layer.snapshot());
    const snapshot = new Snapshot(machine.saveState(), pages, contents, slots, disks);
    ram.clearDirty();
    this.base = snapshot;
    return snapshot;
  }

  restore(snapshot: Snapshot): void {
    const { machine } = this;
    const { ram } = machine;
    const pages = this.base === snapshot ? ram.dirtyPages() : new Set([...ram.touchedPages(), ...snapshot.pages]);
    for (const page of pages) this.copyPage(snapshot, page);
    ram.clearDirty();
    this.base = snapshot;
    layers(machine.config).forEach((layer, i) => layer.restore(snapshot.disks[i]!));
    machine.loadState(snapshot.state);
  }

  private copyPage(snapshot: Snapshot, page: number): void {
    const { ram } = this.machine;
    const pa = ram.base + page * PAGE_SIZE;
    const slot = snapshot.slots[page]!;
    if (slot === ABSENT) ram.fill(pa, PAGE_SIZE, 0);
    else ram.write(pa, snapshot.contents.subarray(slot * PAGE_SIZE, (slot + 1) * PAGE_SIZE));
  }
}

/**
 * A machine of the same configuration, with disk layers of its own over the same bases, and free ports of the host where
 * the original has its own; not powered on.
 */
export function emptyTwin(machine: Machine): Machine {
  const devices = machine.config.devices.map((spec): DeviceSpec => {
    if (spec.kind === 'net') return { ...spec, network: withFreePorts(spec.network) };
    return spec.kind === 'blk' ? { ...spec, backend: withOwnLayer(spec.backend) } : spec;
  });
  const flash = machine.config.flash?.map(spec => ({ ...spec, backend: withOwnLayer(spec.backend) }));
  return new Machine({ ...machine.config, devices, ...(flash ? { flash } : {}) });
}

function withOwnLayer(backend: BlockBackend): BlockBackend {
  return backend instanceof CowLayer ? new CowLayer(backend.base, backend.isReadOnly) : backend;
}

function withFreePorts(network: NetworkConfig): NetworkConfig {
  const hostForwards = network.hostForwards.map(forward => ({ ...forward, host: { ...forward.host, port: 0 } }));
  return { ...network, hostForwards };
}

function layers(config: MachineConfig): CowLayer[] {
  return backendsOf(config).flatMap(backend => {
    if (backend instanceof CowLayer) return [backend];
    if (backend.isReadOnly) return [];
    throw new UserError(
      'a snapshot cannot hold a drive that is written to its file',
      'open it with -snapshot or readonly=on',
    );
  });
}

function pageOf(ram: Ram, page: number): Uint8Array {
  const at = page * PAGE_SIZE;
  assert(at + PAGE_SIZE <= ram.size, `page ${page} is outside of RAM`);
  return ram.u8.subarray(at, at + PAGE_SIZE);
}
