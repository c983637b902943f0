/** savevm, loadvm and -loadvm: snapshot files around a run. */
import { MIB } from '../../base/bytes.ts';
import { UserError } from '../../base/user-error.ts';
import type { GuestErrorLog } from '../../bus/device.ts';
import type { SnapshotStore } from '../../debug/monitor/snapshots.ts';
import type { Machine } from '../../machine/machine.ts';
import { loadSnapshot, restoreSnapshot, type LoadedSnapshot } from '../../machine/snapshot/load.ts';
import { snapshotPieces } from '../../machine/snapshot/save.ts';
import { parseSession, sessionText } from '../../session/snapshot-session.ts';
import type { FileBackend } from '../node/files.ts';
import { nodeSockets } from '../node/sockets.ts';
import {
  listSnapshotFiles,
  openSnapshotDrive,
  readSnapshotFile,
  snapshotPath,
  writeSnapshotFile,
} from '../node/snapshot-files.ts';
import type { CliOptions } from './flags/options.ts';

/** These say how the run is watched, not what the machine is; a -drive says where a drive's image lies now. */
const BESIDE_LOADVM = new Set(
  (
    'loadvm drive pflash snapshot gdb s S nographic display serial monitor mon chardev d D accel timeout report profile ' +
    'symbols name pidfile nodefaults msg sandbox overcommit M version help'
  ).split(' '),
);

export interface LoadedRun extends LoadedSnapshot {
  readonly files: readonly FileBackend[];
  readonly isAgentReady: boolean;
}

/** The machine that -loadvm names, at its moment. */
export function loadRun(options: CliOptions, name: string, guestError: GuestErrorLog): LoadedRun {
  const other = options.given.find(flag => !BESIDE_LOADVM.has(flag));
  if (other !== undefined)
    throw new UserError(`-${other} beside -loadvm: the machine is the snapshot's`, `leave -${other} out`);
  const files: FileBackend[] = [];
  let drives = 0;
  // In the snapshot, flash follows the disks.
  const places = [...options.drives, ...options.flash.map(({ drive }) => drive)];
  const loaded = loadSnapshot(readSnapshotFile(snapshotPath(name)), {
    openDrive: (identity, nth) => {
      const disk = openSnapshotDrive(identity, places[nth]?.file);
      files.push(...disk.files);
      drives++;
      return disk.backend;
    },
    sockets: nodeSockets,
    guestError,
  });
  if (places.length > drives) {
    throw new UserError(`-drive ${places[drives]!.file}: the snapshot's machine has ${drives} drives`, 'leave it out');
  }
  if (options.hasAclint && loaded.machine.config.hasAclint !== true)
    throw new UserError("-M aclint=on beside -loadvm: the snapshot's machine has a CLINT", 'leave it out');
  return { ...loaded, files, isAgentReady: parseSession(loaded.session).isAgentReady };
}

/** The monitor's side. */
export function snapshotStore(machine: Machine, isAgentReady: () => boolean, rewindAgent: () => void): SnapshotStore {
  return {
    save(name) {
      const path = snapshotPath(name);
      const session = sessionText({ console: '', isAgentReady: isAgentReady() });
      const size = writeSnapshotFile(path, snapshotPieces(machine, session));
      return `${path}: ${(size / MIB).toFixed(1)} MiB\n`;
    },
    load(name) {
      const session = restoreSnapshot(machine, readSnapshotFile(snapshotPath(name)));
      for (const network of machine.networks) void network.open();
      if (parseSession(session).isAgentReady) rewindAgent();
      return '';
    },
    list() {
      const rows = listSnapshotFiles().map(
        ({ name, sizeBytes, takenAt }) =>
          `${name.padEnd(24)} ${(sizeBytes / MIB).toFixed(1).padStart(8)} MiB  ${takenAt.toISOString()}\n`,
      );
      return rows.length === 0 ? 'There is no snapshot available.\n' : rows.join('');
    },
  };
}
