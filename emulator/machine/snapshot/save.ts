/** A machine to a snapshot file (docs/snapshots.md). Between two `advance`s any moment will do. */
import { concatBytes, utf8 } from '../../base/bytes.ts';
import { StateWriter } from '../../base/state.ts';
import { UserError } from '../../base/user-error.ts';
import { CowLayer } from '../../storage/cow-layer.ts';
import type { BlockBackend } from '../../storage/block-backend.ts';
import { backendsOf } from '../config.ts';
import type { Machine } from '../machine.ts';
import { CONFIGURATION, CONFIGURATION_VERSION, configurationText, IMAGE_KEYS } from './configuration.ts';
import { encodeSection, END, fileHeader, type SectionData } from './file.ts';
import { BLOCK_BYTES, blockSections, isZero, type Block } from './pages.ts';

export const IMAGE_VERSION = 1;
export const MEMORY = 'memory';
export const SESSION = 'session';
export const SESSION_VERSION = 1;

/** What whoever drives the machine wants to find again, as text. */
export type SessionText = string;

export function saveSnapshot(machine: Machine, session?: SessionText): Uint8Array {
  return concatBytes([...snapshotPieces(machine, session)]);
}

/** The file in pieces, each of them small: to be written one behind the other while the machine stands still. */
export function* snapshotPieces(machine: Machine, session?: SessionText): Generator<Uint8Array> {
  refuseUnsavable(machine);
  yield fileHeader();
  for (const section of sections(machine, session)) yield encodeSection(section);
  yield encodeSection({ name: END, version: 1, data: new Uint8Array(0) });
}

export function drivesOf(machine: Machine): readonly BlockBackend[] {
  return backendsOf(machine.config);
}

function refuseUnsavable(machine: Machine): void {
  if (machine.exitCode !== undefined) {
    throw new UserError(`the machine has ended with status ${machine.exitCode}`, 'take the snapshot while it runs');
  }
  if ((machine.config.loaders ?? []).length > 0)
    throw new UserError(
      'a snapshot does not hold the files of -device loader',
      'put them into flash: -drive if=pflash',
    );
  drivesOf(machine).forEach((backend, nth) => {
    if (backend.isReadOnly || backend instanceof CowLayer) return;
    throw new UserError(
      `drive ${nth}: ${backend.label ?? 'its image'} is written to by the guest, and a snapshot would not hold what it says now`,
      'open it with -snapshot or readonly=on',
    );
  });
}

function* sections(machine: Machine, session: SessionText | undefined): Generator<SectionData> {
  const { config } = machine;
  yield { name: CONFIGURATION, version: CONFIGURATION_VERSION, data: utf8(configurationText(config)) };
  for (const key of IMAGE_KEYS) {
    const image = config[key];
    if (image !== undefined && typeof image !== 'string')
      yield { name: key, version: IMAGE_VERSION, data: image.bytes };
  }
  for (const part of machine.stateParts) {
    const out = new StateWriter();
    part.save(out);
    yield { name: part.name, version: part.version, data: out.finish() };
  }
  let nth = 0;
  for (const drive of drivesOf(machine)) {
    if (drive instanceof CowLayer) yield* blockSections(`drive ${nth}`, clusters(drive));
    nth++;
  }
  yield* blockSections(MEMORY, pages(machine));
  if (session !== undefined) yield { name: SESSION, version: SESSION_VERSION, isOptional: true, data: utf8(session) };
}

function* clusters(layer: CowLayer): Generator<Block> {
  const ascending = [...layer.snapshot()].sort(([a], [b]) => a - b);
  for (const [number, bytes] of ascending) yield { number, bytes };
}

function* pages({ ram }: Machine): Generator<Block> {
  for (const number of ram.touchedPages()) {
    const bytes = ram.u8.subarray(number * BLOCK_BYTES, (number + 1) * BLOCK_BYTES);
    if (!isZero(bytes)) yield { number, bytes };
  }
}
