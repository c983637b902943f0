/**
 * Debian's own riscv64 programs, by package name, as outside judges of tests and benches: downloaded with apt under state
 * folders of their own and unpacked, never installed and never committed. Null where that is not possible: the caller
 * says so by name.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const RELEASE = 'trixie';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const APT_TIMEOUT_MS = 240_000;

/** A folder with the package's files, or null. Kept in dist/debian between runs. */
export function debianPackage(name: string): string | null {
  const root = resolve('dist/debian');
  const unpacked = join(root, 'unpacked', name);
  if (existsSync(unpacked)) return unpacked;
  try {
    const options = aptOptions(root);
    if (!existsSync(join(root, 'updated'))) {
      execFileSync('apt-get', [...options, '-qq', 'update'], { stdio: 'ignore', timeout: APT_TIMEOUT_MS });
      writeFileSync(join(root, 'updated'), '');
    }
    const downloads = join(root, 'download', name);
    mkdirSync(downloads, { recursive: true });
    execFileSync('apt-get', [...options, '-qq', 'download', `${name}:riscv64`], {
      cwd: downloads,
      stdio: 'ignore',
      timeout: APT_TIMEOUT_MS,
    });
    const deb = readdirSync(downloads).find(f => f.endsWith('.deb'));
    if (deb === undefined) return null;
    execFileSync('dpkg', ['-x', join(downloads, deb), `${unpacked}.part`]);
    execFileSync('mv', [`${unpacked}.part`, unpacked]);
    return unpacked;
  } catch {
    return null;
  }
}

/** The folder of the kernel package that Debian's metapackage names at present, or null. */
export function debianKernelPackage(): string | null {
  const meta = 'linux-image-riscv64';
  if (debianPackage(meta) === null) return null;
  const root = resolve('dist/debian');
  const answer = execFileSync('apt-cache', [...aptOptions(root), 'depends', `${meta}:riscv64`], { encoding: 'utf8' });
  const name = /Depends: (linux-image-[^\s:]+)/.exec(answer)?.[1];
  return name === undefined ? null : debianPackage(name);
}

/** The archive that this host itself installs from: its first source that ends in /debian. Throws where there is none. */
function hostMirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map(f => join(folder, f))
      : []),
  ];
  for (const file of files.filter(f => existsSync(f))) {
    const found = /^(?:URIs:|deb\b).*?(https?:\S+\/debian)\/?(?=\s|$)/m.exec(readFileSync(file, 'utf8'));
    if (found) return found[1]!;
  }
  throw new Error('no Debian archive among the sources of apt');
}

function aptOptions(root: string): string[] {
  for (const dir of ['state/lists/partial', 'cache/archives/partial', 'etc', 'unpacked']) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  const list = join(root, 'etc', 'sources.list');
  writeFileSync(list, `deb [signed-by=${KEYRING}] ${hostMirror()} ${RELEASE} main\n`);
  writeFileSync(join(root, 'state', 'status'), '');
  return [
    '-oAPT::Architecture=riscv64',
    '-oAPT::Architectures=riscv64',
    `-oDir::Etc::SourceList=${list}`,
    '-oDir::Etc::SourceParts=/dev/null',
    `-oDir::State=${join(root, 'state')}`,
    `-oDir::State::status=${join(root, 'state', 'status')}`,
    `-oDir::Cache=${join(root, 'cache')}`,
    '-oAPT::Sandbox::User=root',
  ];
}
