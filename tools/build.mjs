/**
 * `npm run build`: dist/ (programs and library) and images/out/ (kernel, userland, root image). A step runs when one of
 * its inputs is newer than its outputs. `--force` runs them all.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildCpu, CPU_OUTPUTS } from './build-cpu.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(ROOT);
const force = process.argv.includes('--force');

/** asc flags that every program for the guest shares; the memory base must be decimal (a hex value is ignored); --debug is function names. */
const ASC = ['-O3', '--runtime', 'minimal', '--exportStart', 'start', '--exportTable', '--sourceMap', '--debug'];
const KERNEL_BASE = 0x80400000;
const USER_BASE = 0x01000000;

/** Programs for Node: entry -> file in dist/. */
const PROGRAMS = {
  'qemu-like': 'emulator/host/cli/main.ts',
  wasm2rv: 'tools/wasm2rv/cli.ts',
  asrv: 'tools/wasm2rv/asrv.ts',
  'wasm-fuzz': 'tools/wasm2rv/fuzz/cli.ts',
  image: 'tools/image/main.ts',
  trace: 'tools/trace/main.ts',
  bench: 'tools/bench/main.ts',
  gen: 'tools/gen/main.ts',
  strata: 'emulator/host/node/index.ts',
};
const NODE = {
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  sourcemap: 'linked',
  logLevel: 'warning',
};
const PAGES = { page: 'emulator/host/web/page.ts', worker: 'emulator/host/web/worker.ts' };

/** The newest time of a file below `paths`; tests and what the build itself makes beside sources do not count. */
function newest(paths) {
  let time = 0;
  const visit = path => {
    if (!existsSync(path)) return;
    const s = statSync(path);
    if (s.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
    else if (!/\.test\.(as\.)?ts$|\.gen\.ts$/.test(path)) time = Math.max(time, s.mtimeMs);
  };
  paths.forEach(visit);
  return time;
}

function isStale(outputs, inputs) {
  if (force || !outputs.every(existsSync)) return true;
  const oldest = Math.min(...outputs.map(o => statSync(o).mtimeMs));
  return newest(inputs) > oldest;
}

async function step(name, outputs, inputs, run) {
  if (!isStale(outputs, [...inputs, 'tools/build.mjs'])) return;
  const start = performance.now();
  for (const o of outputs) mkdirSync(dirname(o), { recursive: true });
  await run();
  console.error(`build: ${name} ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

const node = (...args) => execFileSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
const asc = (entry, out, base, ...more) =>
  node('node_modules/assemblyscript/bin/asc.js', entry, ...ASC, '--memoryBase', String(base), '-o', out, ...more);

const CPU_SOURCES = ['slow', 'gen', 'layout.ts', 'decode-layout.ts', 'memory-constants.ts'].map(
  file => `emulator/cpu/${file}`,
);
await step(
  'cpu',
  CPU_OUTPUTS,
  [...CPU_SOURCES, 'emulator/isa', 'emulator/wasm', 'emulator/bus/memory-map.ts', 'tools/build-cpu.mjs'],
  buildCpu,
);

/** A program for which code is kept says what it is made of: bin/code-cache.cjs. */
function stamp(file) {
  appendFileSync(file, `// ${createHash('sha256').update(readFileSync(file)).digest('hex')}\n`);
}

await step(
  'programs',
  Object.keys(PROGRAMS).map(name => `dist/${name}.${name === 'qemu-like' ? 'cjs' : 'mjs'}`),
  ['emulator', 'tools', 'package.json'],
  async () => {
    const { 'qemu-like': main, ...others } = PROGRAMS;
    await build({
      ...NODE,
      entryPoints: { 'qemu-like': main },
      // As CommonJS, for bin/code-cache.cjs.
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      define: { 'import.meta.url': 'importMetaUrl' },
      banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    });
    stamp('dist/qemu-like.cjs');
    await build({ ...NODE, entryPoints: others });
  },
);

/** The licence texts of the packages that esbuild has put into a bundle: whoever passes it on must pass them on too. */
function writeLicences({ metafile }, file) {
  const packages = Object.keys(metafile.inputs).flatMap(input => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []);
  const texts = [...new Set(packages)].sort().map(folder => {
    const name = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
    if (name === undefined) throw new Error(`${folder} is bundled and has no licence text`);
    return `${folder.slice('node_modules/'.length)}\n\n${readFileSync(join(folder, name), 'utf8').trim()}\n`;
  });
  writeFileSync(file, texts.join('\n\n'));
}

const WEB_LICENCES = 'dist/web/LICENSES.txt';
await step(
  'web page',
  ['dist/web/page.js', 'dist/web/worker.js', 'dist/web/index.html', WEB_LICENCES],
  ['emulator'],
  async () => {
    copyFileSync('emulator/host/web/index.html', 'dist/web/index.html');
    const pages = await build({
      metafile: true,
      entryPoints: PAGES,
      outdir: 'dist/web',
      bundle: true,
      platform: 'browser',
      target: 'es2022',
      format: 'esm',
      loader: { '.css': 'text' },
      sourcemap: 'linked',
      logLevel: 'warning',
    });
    writeLicences(pages, WEB_LICENCES);
  },
);

const BROWSER_LICENCES = 'dist/strata.browser.LICENSES.txt';
await step('browser library', ['dist/strata.browser.mjs', BROWSER_LICENCES], ['emulator'], async () => {
  const library = await build({
    metafile: true,
    entryPoints: { 'strata.browser': 'emulator/host/web/index.ts' },
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    sourcemap: 'linked',
    logLevel: 'warning',
  });
  writeLicences(library, BROWSER_LICENCES);
});

await step('types', ['dist/types/host/node/index.d.ts'], ['emulator', 'tsconfig.types.json'], () =>
  node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'),
);

/** What the kernel puts in the place of the AssemblyScript runtime's own functions. */
const KERNEL_RUNTIME = [
  'abort=guest-kernel/hal/panic/kabort',
  '__alloc=guest-kernel/mm/object-heap/objectAlloc',
  '__realloc=guest-kernel/mm/object-heap/objectRealloc',
  '__free=guest-kernel/mm/object-heap/objectFree',
].flatMap(use => ['--use', use]);

const COMPILER = ['tools/wasm2rv', 'emulator/isa'];
await step('kernel', ['images/out/kernel.elf'], ['guest-kernel', ...COMPILER], () => {
  asc('guest-kernel/boot/boot.ts', 'dist/kernel.wasm', KERNEL_BASE, ...KERNEL_RUNTIME);
  node('dist/wasm2rv.mjs', 'dist/kernel.wasm', '-o', 'images/out/kernel.elf', '--target', 'kernel');
});

await step(
  'userland',
  ['images/out/strata'],
  ['guest-kernel/user', 'guest-kernel/abi', 'guest-kernel/lib', ...COMPILER],
  () => {
    asc('guest-kernel/user/main.ts', 'dist/user.wasm', USER_BASE, '--use', 'abort=');
    node('dist/wasm2rv.mjs', 'dist/user.wasm', '-o', 'images/out/strata', '--target', 'user');
  },
);

await step(
  'root image',
  ['images/out/rootfs.img'],
  ['images/manifests', 'images/rootfs', 'images/out/strata', 'tools/image'],
  () => node('dist/image.mjs', 'images/manifests/rootfs.json', '-o', 'images/out/rootfs.img'),
);

await step(
  'code cache',
  ['dist/qemu-like.cjs.cache'],
  ['dist/qemu-like.cjs', 'images/out/kernel.elf', 'images/out/rootfs.img', 'bin', 'tools/code-cache.mjs'],
  () => execFileSync(process.execPath, ['tools/code-cache.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] }),
);
