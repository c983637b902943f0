/** `-object`: QEMU's objects that a device of ours may name. */
import { UserError } from '../../../base/user-error.ts';
import { applyDump } from './net-flags.ts';
import { parseProps, splitFirst } from './option-list.ts';
import type { CliOptions } from './options.ts';

/** Sources of random bytes: all of them are the host's generator. */
const RNG_KINDS = ['rng-random', 'rng-builtin'];
const RNG_FILES = ['/dev/urandom', '/dev/random', '/dev/hwrng'];

export function applyObject(options: CliOptions, value: string): void {
  const [kind, rest] = splitFirst(value);
  if (kind === 'filter-dump') applyDump(options, value, rest);
  else if (RNG_KINDS.includes(kind)) applyRng(options, value, rest);
  else {
    const known = ['filter-dump,id=X,netdev=N,file=F.pcap', ...RNG_KINDS.map(name => `${name},id=X`)];
    throw new UserError(`-object ${value}: not understood`, `known are ${known.join(', ')}`);
  }
}

function applyRng(options: CliOptions, value: string, rest: string): void {
  const bad = (hint: string): UserError => new UserError(`-object ${value}: not understood`, hint);
  const props = parseProps(rest);
  const unknown = [...props.keys()].find(name => name !== 'id' && name !== 'filename');
  if (unknown !== undefined) throw bad('known are id and filename');
  const id = props.get('id');
  if (id === undefined) throw bad('name it with id=');
  const file = props.get('filename') ?? '/dev/urandom';
  if (!RNG_FILES.includes(file)) throw bad(`random bytes come from the host's generator: ${RNG_FILES.join(', ')}`);
  options.rngs.push(id);
}
