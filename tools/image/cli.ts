/** `image MANIFEST -o FILE`: builds an ext4 image, the same bytes for the same input. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../../emulator/base/user-error.ts';
import { writeExt4 } from './ext4-writer.ts';
import { treeOf, type Manifest, type Sources } from './manifest.ts';

const HELP = `usage: image MANIFEST.json -o IMAGE [--root DIR]

Builds an ext4 image from a manifest (format: tools/image/manifest.ts).
  -o, --output FILE   where the image goes
      --root DIR      what source paths are relative to (default: the current directory)
  -h, --help          this text
`;

/** Reproducible: no time of build enters an image. 2026-01-01. */
const TIME = 1767225600;

/** Files below `root`, remembered so that the image's UUID can be derived from what went in. */
export function sourcesOf(root: string, hash: { update(data: Uint8Array | string): unknown }): Sources {
  return {
    read(path) {
      let data: Uint8Array;
      try {
        data = readFileSync(join(root, path));
      } catch {
        throw new UserError(`manifest: cannot read ${path}`, 'build it first: npm run build');
      }
      hash.update(path);
      hash.update(data);
      return data;
    },
    list(path) {
      return readdirSync(join(root, path))
        .sort()
        .map(name => {
          const s = statSync(join(root, path, name));
          return { name, isDir: s.isDirectory(), isExecutable: (s.mode & 0o111) !== 0 };
        });
    },
  };
}

/** The image of a manifest; its UUID is a hash of the manifest and of every file in it. */
export function buildImage(manifest: Manifest, root: string): Uint8Array {
  const hash = createHash('sha256').update(JSON.stringify(manifest));
  const tree = treeOf(manifest, sourcesOf(root, hash), TIME);
  const uuid = new Uint8Array(hash.digest().subarray(0, 16));
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  const options = { uuid, label: manifest.label, time: TIME };
  return writeExt4(
    tree,
    manifest.spareBlocks === undefined ? options : { ...options, spareBlocks: manifest.spareBlocks },
  );
}

export function main(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      root: { type: 'string', default: '.' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [file] = positionals;
  if (file === undefined || values.output === undefined) {
    throw new UserError('image: need a manifest and -o', 'see image --help');
  }
  const image = buildImage(JSON.parse(readFileSync(file, 'utf8')) as Manifest, values.root);
  mkdirSync(dirname(values.output), { recursive: true });
  writeFileSync(values.output, image);
}
