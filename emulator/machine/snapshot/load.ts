/**
 * A snapshot file to a machine. Everything is looked at first (structure, checksums, versions, configuration, drives,
 * whether all of it expands); then a new machine is made of it, or a machine that is there already is taken back. A file
 * that cannot be loaded is a UserError that names the section, and leaves a machine that is there as it was.
 */
import { fromUtf8 } from '../../base/bytes.ts';
import { StateReader } from '../../base/state.ts';
import { UserError } from '../../base/user-error.ts';
import { CowLayer, type CowSnapshot } from '../../storage/cow-layer.ts';
import { Machine } from '../machine.ts';
import {
  CONFIGURATION,
  CONFIGURATION_VERSION,
  configOf,
  configurationText,
  IMAGE_KEYS,
  parseConfiguration,
  type SnapshotHost,
} from './configuration.ts';
import { readSections, refuse, wrongVersion, type Section } from './file.ts';
import { BLOCK_BYTES, checkBlocks, unpackBlocks } from './pages.ts';
import { drivesOf, IMAGE_VERSION, MEMORY, SESSION, SESSION_VERSION, type SessionText } from './save.ts';
import type { StatePart } from '../state-part.ts';

const BLOCKS_VERSION = 1;

export interface LoadedSnapshot {
  readonly machine: Machine;
  readonly session: SessionText | undefined;
}

/** A machine of the snapshot's own configuration, at its moment. */
export function loadSnapshot(file: Uint8Array, host: SnapshotHost): LoadedSnapshot {
  const sections = new Sections(readSections(file));
  const fields = parseConfiguration(sections.text(CONFIGURATION, CONFIGURATION_VERSION));
  const images = new Map(
    IMAGE_KEYS.flatMap(key => (isImage(fields[key]) ? [[key, sections.take(key, IMAGE_VERSION).data()]] : [])),
  );
  const machine = build(() => {
    const built = new Machine(configOf(fields, images, host));
    built.powerOn();
    return built;
  });
  const session = apply(machine, sections);
  return { machine, session };
}

/** Takes a machine of the same configuration to the moment. Returns what `saveSnapshot` was given. */
export function restoreSnapshot(machine: Machine, file: Uint8Array): SessionText | undefined {
  const sections = new Sections(readSections(file));
  const text = sections.text(CONFIGURATION, CONFIGURATION_VERSION);
  const theirs = parseConfiguration(text);
  const ours = parseConfiguration(configurationText(machine.config));
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    // In real time, each start has an epoch of its own.
    if (key === 'epochMs' && machine.config.icountShift === undefined) continue;
    const [there, here] = [theirs[key], ours[key]].map(comparable);
    if (there !== here) {
      throw refuse(
        CONFIGURATION,
        `${key} was ${short(there)}, this machine has ${short(here)}`,
        'start it with -loadvm',
      );
    }
  }
  for (const key of IMAGE_KEYS) if (isImage(theirs[key])) sections.take(key, IMAGE_VERSION);
  return apply(machine, sections);
}

const isImage = (field: unknown): boolean => typeof field === 'object';

/** Without the names of files: where they lay does not matter. */
function comparable(field: unknown): string {
  return (
    JSON.stringify(field, (key, value: unknown) => (key === 'name' || key === 'label' ? undefined : value)) ?? 'absent'
  );
}

const short = (text: string | undefined): string => (text ?? '').slice(0, 100);

/** A configuration that passed the checks and still cannot be built is the file's fault. */
function build(make: () => Machine): Machine {
  try {
    return make();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw refuse(CONFIGURATION, `no machine can be made of it (${String(error)})`);
  }
}

/** The sections of a file, to be taken by those who know them. */
class Sections {
  private readonly left: Map<string, Section>;

  constructor(sections: readonly Section[]) {
    this.left = new Map(sections.map(section => [section.name, section]));
  }

  take(name: string, version: number): Section {
    const section = this.left.get(name);
    if (!section) throw refuse(name, 'missing');
    if (section.version !== version) throw wrongVersion(name, section.version, version);
    this.left.delete(name);
    return section;
  }

  text(name: string, version: number): string {
    return fromUtf8(this.take(name, version).data());
  }

  takeOptional(name: string, version: number): Section | undefined {
    const section = this.left.get(name);
    if (!section) return undefined;
    return section.isOptional && section.version !== version ? undefined : this.take(name, version);
  }

  /** `NAME 0`, `NAME 1`, … */
  takeChunks(name: string): Section[] {
    const chunks: Section[] = [];
    while (this.left.has(`${name} ${chunks.length}`))
      chunks.push(this.take(`${name} ${chunks.length}`, BLOCKS_VERSION));
    return chunks;
  }

  refuseRest(): void {
    for (const { name, isOptional } of this.left.values()) {
      if (!isOptional) throw refuse(name, 'is not known here', 'use the program that took it');
    }
  }
}

function apply(machine: Machine, sections: Sections): SessionText | undefined {
  const states = machine.stateParts.map(part => ({ part, data: sections.take(part.name, part.version).data() }));
  const layers = drivesOf(machine).map((drive, nth) =>
    drive instanceof CowLayer ? { drive, clusters: clustersOf(sections.takeChunks(`drive ${nth}`), drive) } : undefined,
  );
  const memory = sections.takeChunks(MEMORY);
  const session = sections.takeOptional(SESSION, SESSION_VERSION);
  const sessionText = session && fromUtf8(session.data());
  sections.refuseRest();
  const pageCount = machine.ram.size / BLOCK_BYTES;
  checkBlocks(memory, pageCount);

  loadParts(machine, states);
  for (const layer of layers) layer?.drive.restore(layer.clusters);
  loadMemory(machine, memory, pageCount);
  machine.stateLoaded();
  return sessionText;
}

function clustersOf(chunks: readonly Section[], drive: CowLayer): CowSnapshot {
  const count = Math.ceil(drive.sizeBytes / BLOCK_BYTES);
  const clusters = new Map<number, Uint8Array>();
  for (const { number, bytes } of unpackBlocks(chunks, count)) clusters.set(number, bytes.slice());
  return clusters;
}

/** The one step that can still find something wrong: then the state before it is put back. */
function loadParts(machine: Machine, states: readonly { part: StatePart; data: Uint8Array }[]): void {
  const before = machine.saveState();
  for (const { part, data } of states) {
    try {
      const from = new StateReader(data);
      part.load(from);
      if (!from.isAtEnd) throw new Error('longer than expected');
    } catch (error) {
      machine.loadState(before);
      throw refuse(part.name, error instanceof Error ? error.message : String(error));
    }
  }
}

function loadMemory({ ram }: Machine, memory: readonly Section[], pageCount: number): void {
  const stale = new Set(ram.touchedPages());
  for (const { number, bytes } of unpackBlocks(memory, pageCount)) {
    ram.write(ram.base + number * BLOCK_BYTES, bytes);
    stale.delete(number);
  }
  for (const number of stale) ram.fill(ram.base + number * BLOCK_BYTES, BLOCK_BYTES, 0);
}
