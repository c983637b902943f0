/**
 * The import-order check: a room imports only rooms listed before it. TypeScript edges come from esbuild's
 * metafile, AssemblyScript edges from the files' own import lines. Prints every edge to a later room; status 1 if any.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(ROOT);

/** From the bottom up. */
const TOP = ['emulator', 'tools', 'test'];
const EMULATOR = [
  'base',
  'isa',
  'wasm',
  'bus',
  'cpu',
  'sbi',
  'jit',
  'storage',
  'device',
  'machine',
  'debug',
  'session',
  'host',
];
const KERNEL = ['abi', 'lib', 'hal', 'mm', 'proc', 'dev', 'tty', 'vfs', 'fs', 'net', 'exec', 'syscall', 'trap', 'boot'];
const COMPILER = ['asm', 'wasm', 'ir', 'opt', 'codegen', 'runtime', 'link'];
/** Rooms that are narrower still: these may import these alone. */
const ONLY = { 'guest-kernel/user': ['abi', 'lib', 'user'], 'emulator/device': ['base', 'bus', 'storage', 'device'] };

function filesBelow(dir, pattern) {
  const found = [];
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) {
      if (name !== 'node_modules') found.push(...filesBelow(path, pattern));
    } else if (pattern.test(name)) found.push(path);
  }
  return found;
}

const isTest = path => /\.test(\.as)?\.ts$/.test(path);

/** [from, to] of every TypeScript import; tests may import anything above them and are not checked. */
async function typescriptEdges() {
  const entries = [...filesBelow('emulator', /\.ts$/), ...filesBelow('tools', /\.ts$/)].filter(
    f =>
      !isTest(f) &&
      !f.startsWith('emulator/cpu/slow/') &&
      !f.startsWith('tools/bench/kernels') &&
      !f.startsWith('tools/bench/guest'),
  );
  const { metafile } = await build({
    entryPoints: entries,
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'dist/layers',
    platform: 'node',
    format: 'esm',
    packages: 'external',
    loader: { '.css': 'text' },
    logLevel: 'silent',
  });
  return Object.entries(metafile.inputs).flatMap(([from, { imports }]) =>
    imports.filter(i => !i.external).map(i => [from, i.path]),
  );
}

function kernelEdges() {
  return filesBelow('guest-kernel', /\.ts$/)
    .filter(f => !isTest(f))
    .flatMap(from => {
      const text = readFileSync(from, 'utf8');
      return [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+["'](\.[^"']+)["']/gm)].map(m => [
        from,
        relative(ROOT, resolve(dirname(from), m[1].replace(/(\.ts)?$/, '.ts'))),
      ]);
    });
}

/** Why the edge is wrong, or null. */
function complaint(from, to) {
  const [fromTop, fromRoom] = from.split('/');
  const [toTop, toRoom] = to.split('/');
  if (to.startsWith('node_modules') || to.startsWith('dist')) return null;
  if (fromTop === 'guest-kernel' || toTop === 'guest-kernel') {
    if (fromTop !== toTop) return 'guest-kernel imports nothing outside itself';
    const only = ONLY[`${fromTop}/${fromRoom}`];
    if (only) return only.includes(toRoom) ? null : `${fromRoom} may import ${only.join(', ')} alone`;
    if (fromRoom === 'fs' && toRoom === 'fs' && from.split('/')[2] !== to.split('/')[2]) {
      return from.endsWith('fs/drivers.ts') ? null : 'filesystem drivers do not import each other';
    }
    return KERNEL.indexOf(toRoom) <= KERNEL.indexOf(fromRoom) ? null : `${toRoom} comes after ${fromRoom}`;
  }
  if (fromTop !== toTop) return TOP.indexOf(toTop) < TOP.indexOf(fromTop) ? null : `${toTop} comes after ${fromTop}`;
  if (fromRoom === 'wasm2rv' && toRoom === 'wasm2rv') return compilerComplaint(from.split('/')[2], to.split('/')[2]);
  if (fromTop !== 'emulator') return null;
  const only = ONLY[`${fromTop}/${fromRoom}`];
  if (only) return only.includes(toRoom) ? null : `${fromRoom} may import ${only.join(', ')} alone`;
  return EMULATOR.indexOf(toRoom) <= EMULATOR.indexOf(fromRoom) ? null : `${toRoom} comes after ${fromRoom}`;
}

/** The compiler's rooms in the order of its stages; the programs around them may import all. */
function compilerComplaint(fromStage, toStage) {
  if (!COMPILER.includes(fromStage)) return null;
  return COMPILER.slice(0, COMPILER.indexOf(fromStage) + 1).includes(toStage)
    ? null
    : `${toStage} comes after ${fromStage}`;
}

const edges = [...(await typescriptEdges()), ...kernelEdges()];
const wrong = edges.map(([from, to]) => [from, to, complaint(from, to)]).filter(([, , why]) => why);
for (const [from, to, why] of wrong) console.log(`${from} -> ${to}: ${why}`);

/** Nothing outside host/ may reach Node or the DOM. */
const leaks = filesBelow('emulator', /\.ts$/).filter(
  f => !f.startsWith('emulator/host/') && !isTest(f) && /from ['"]node:/.test(readFileSync(f, 'utf8')),
);
for (const f of leaks) console.log(`${f}: imports node:*, which only emulator/host may`);

console.log(`layers: ${edges.length} imports, ${wrong.length + leaks.length} wrong`);
process.exitCode = wrong.length + leaks.length ? 1 : 0;
