/** savevm, loadvm, info snapshots: the host has the files. */
import { UserError } from '../../base/user-error.ts';

/** What fails is a UserError, and has changed nothing. */
export interface SnapshotStore {
  save(name: string): string;
  load(name: string): string;
  list(): string;
}

/** An answer in place of the error. */
export function withStore(store: SnapshotStore | undefined, use: (store: SnapshotStore) => string): string {
  if (!store) return 'there is no place for snapshots here\n';
  try {
    return use(store);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `Error: ${error.message}; ${error.hint}\n`;
  }
}
