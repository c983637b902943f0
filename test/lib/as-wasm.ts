/**
 * Runs a piece of the kernel as WebAssembly in Node: compiles an AssemblyScript entry with asc and provides the `rv`
 * intrinsics (docs/wasm2rv.md) over its own memory. Kernel pointers are ordinary wasm addresses here.
 *
 *   const k = await loadAs<{ checksum(n: number): number }>('guest-kernel/mm/frames.test.as.ts');
 *   expect(k.exports.checksum(3)).toBe(7);
 */
import asc from 'assemblyscript/asc';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const ROOT = new URL('../..', import.meta.url).pathname;
const LOW32 = 0xffff_ffffn;

export interface AsModule<E> {
  exports: E;
  memory: WebAssembly.Memory;
  /** What was written through the SBI console. */
  console(): string;
  /** The `time` CSR, in ticks; it advances by one at each read. */
  time: { ticks: bigint };
}

export interface AsOptions {
  /** Further arguments of asc. */
  args?: string[];
  /** Overrides of `rv` intrinsics, or further import modules' functions, by name. */
  rv?: Record<string, (...args: never[]) => unknown>;
}

/** Compiles `entry` (relative to the repository) and instantiates it. Throws asc's own report when it does not compile. */
export async function loadAs<E>(entry: string, options: AsOptions = {}): Promise<AsModule<E>> {
  const module = await compiled(entry, options.args ?? []);
  const out: number[] = [];
  const time = { ticks: 0n };
  const state: { memory?: WebAssembly.Memory } = {};
  const memory = (): WebAssembly.Memory => {
    if (!state.memory) throw new Error('an intrinsic touched memory during instantiation');
    return state.memory;
  };
  const rv = { ...intrinsics(memory, out, time), ...options.rv };
  const imports: Record<string, Record<string, unknown>> = { env: { abort: abortIn(memory) } };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    if (from === 'env' && name === 'abort') continue;
    (imports[from] ??= {})[name] =
      rv[name as keyof typeof rv] ??
      (() => {
        throw new Error(`import ${from}.${name} is not provided`);
      });
  }
  const instance = await WebAssembly.instantiate(module, imports as WebAssembly.Imports);
  state.memory = instance.exports['memory'] as WebAssembly.Memory;
  (instance.exports['start'] as () => void)();
  return {
    exports: instance.exports as E,
    memory: state.memory,
    console: () => Buffer.from(out).toString('utf8'),
    time,
  };
}

/** Compiling takes a second: each entry is compiled once in a test file. */
const modules = new Map<string, Promise<WebAssembly.Module>>();

function compiled(entry: string, args: readonly string[]): Promise<WebAssembly.Module> {
  const key = [entry, ...args].join(' ');
  const known = modules.get(key);
  if (known) return known;
  const made = compileAs(entry, args).then(bytes => WebAssembly.compile(bytes));
  modules.set(key, made);
  return made;
}

async function compileAs(entry: string, args: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const dir = mkdtempSync(join(tmpdir(), 'as-wasm-'));
  try {
    const wasm = join(dir, 'out.wasm');
    const flags = ['-O2', '--runtime', 'minimal', '--exportStart', 'start', '--exportTable', '--debug', ...args];
    const { error, stderr } = await asc.main([entry, '-o', relative(ROOT, wasm), '--baseDir', ROOT, ...flags]);
    if (error) throw new Error(`asc ${entry}: ${error.message}\n${stderr.toString()}`);
    return new Uint8Array(readFileSync(wasm));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Every import is an ordinary function over the module's memory; a 64-bit address counts modulo 2^32. */
function intrinsics(memory: () => WebAssembly.Memory, out: number[], time: { ticks: bigint }) {
  const at = (a: bigint): number => Number(a & LOW32);
  const view = (): DataView => new DataView(memory().buffer);
  const csrs = new Map<string, bigint>();
  const csr: Record<string, (v?: bigint) => bigint | undefined> = {};
  for (const name of ['sstatus', 'sie', 'sip', 'satp', 'instret', 'scause', 'stval', 'sepc', 'sscratch', 'stvec']) {
    const get = (): bigint => csrs.get(name) ?? 0n;
    csr[`csrr_${name}`] = get;
    csr[`csrw_${name}`] = (v = 0n) => void csrs.set(name, v);
    csr[`csrs_${name}`] = (v = 0n) => void csrs.set(name, get() | v);
    csr[`csrc_${name}`] = (v = 0n) => void csrs.set(name, get() & ~v);
  }
  const nothing = (): void => {};
  return {
    ...csr,
    csrr_time: () => time.ticks++,
    ld8: (a: bigint) => view().getUint8(at(a)),
    ld16: (a: bigint) => view().getUint16(at(a), true),
    ld32: (a: bigint) => view().getUint32(at(a), true),
    ld64: (a: bigint) => view().getBigUint64(at(a), true),
    st8: (a: bigint, v: number) => view().setUint8(at(a), v),
    st16: (a: bigint, v: number) => view().setUint16(at(a), v, true),
    st32: (a: bigint, v: number) => view().setUint32(at(a), v, true),
    st64: (a: bigint, v: bigint) => view().setBigUint64(at(a), v, true),
    copy_bytes: (dst: bigint, src: bigint, n: bigint) =>
      void new Uint8Array(memory().buffer).copyWithin(at(dst), at(src), at(src) + Number(n)),
    fill_bytes: (dst: bigint, v: number, n: bigint) =>
      void new Uint8Array(memory().buffer).fill(v, at(dst), at(dst) + Number(n)),
    fence: nothing,
    fence_i: nothing,
    sfence_vma: nothing,
    sfence_vma_addr: nothing,
    wfi: nothing,
    fp_save: nothing,
    fp_restore: nothing,
    ebreak: () => {
      throw new Error('ebreak');
    },
    sbi: (ext: bigint, _fid: bigint, a0: bigint) => {
      if (ext === 1n) out.push(Number(a0 & 0xffn)); // legacy console putchar
      return 0n;
    },
  };
}

/** AssemblyScript's assert and throw: the message and where it was written. */
function abortIn(memory: () => WebAssembly.Memory) {
  const text = (p: number): string => {
    if (p === 0) return '';
    const units = new Uint32Array(memory().buffer)[(p - 4) >>> 2] ?? 0;
    return Buffer.from(memory().buffer, p, units).toString('utf16le');
  };
  return (message: number, file: number, line: number, column: number): never => {
    throw new Error(`abort: ${text(message)} at ${text(file)}:${line}:${column}`);
  };
}
