/**
 * Target kernel end to end on our machine: an AssemblyScript kernel that uses every intrinsic, then dies of a trap whose
 * cause and backtrace it prints itself.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { fromUtf8, concatBytes } from '../../emulator/base/bytes.ts';
import { VIRTUAL_EPOCH_MS } from '../../emulator/machine/config.ts';
import { Machine } from '../../emulator/machine/machine.ts';
import { runAsc } from './assembly-script.ts';
import { compile } from './compile.ts';
import { link } from './link/link.ts';

const SOURCE = `
import {
  amoadd_w, amoand_d, amoor_w, amoswap_d, copy_bytes, csrc_sscratch, csrr_instret, csrr_sscratch, csrrc_sscratch,
  csrrs_sscratch, csrrw_sscratch, csrs_sscratch, csrs_sstatus, csrw_sscratch, fence, fence_i, fill_bytes, fp_restore,
  fp_save, funcAddr, here, ld16, ld32, ld64, ld8, sbi, sfence_vma, sfence_vma_addr, st16, st32, st64, st8,
  symAddr_data_start, symAddr_estack_guard, symAddr_estack_top, symAddr_heap_base, symAddr_kstack_bottom,
  symAddr_kstack_guard, symAddr_kstack_top, symAddr_rodata_end, symAddr_rodata_start, symAddr_text_end,
  symAddr_text_start, symAddr_user_trampoline,
} from "./rv";
import { backtrace, trapCause } from "guest-kernel/hal/backtrace";

const FINISHER: u64 = 0xffffffffc0100000;
const words = memory.data(1024, 16);
const other = memory.data(1024, 16);
let pages: i32 = 0;

export function memorySize(): i32 {
  if (pages == 0) pages = <i32>(symAddr_heap_base() >> 16);
  return pages;
}
export function memoryGrow(more: i32): i32 {
  if (<u32>more > 64) return -1;
  pages += more;
  return pages - more;
}

function put(c: u32): void { sbi(1, 0, c, 0, 0, 0, other + 1000); }
function text(s: string): void { for (let i = 0; i < s.length; i++) put(s.charCodeAt(i)); }
function utf8(p: usize, n: i32): void { for (let i = 0; i < n; i++) put(load<u8>(p + i)); }
function check(what: string, ok: bool): void { if (!ok) { text("wrong: "); text(what); put(10); } }
function kva(p: usize): u64 { return <u64><i64><i32>p; }

function loads(): void {
  const a = kva(words);
  st64(a, 0x8182838485868788);
  check("ld8", ld8(a) == 0x88 && <u64>ld8(a + 3) == 0x85);
  check("ld16", ld16(a + 2) == 0x8586);
  check("ld32", ld32(a + 4) == 0x81828384 && <u64>ld32(a + 4) == 0x81828384);
  check("ld64", ld64(a) == 0x8182838485868788);
  st8(a, 0x1ff); st16(a + 2, 0x12345); st32(a + 4, 0xfffffff0);
  check("st8 st16 st32", ld64(a) == 0xfffffff0234587ff);
  // The same word by a pointer and by its 64-bit address: neither is remembered over the other.
  store<u32>(words, 1);
  check("sees a plain store", ld32(a) == 1);
  st32(a, 2);
  check("is seen by a plain load", load<u32>(words) == 2);
  const first = csrr_instret();
  check("two reads are two", csrr_instret() != first);
}

function csrs(): void {
  csrw_sscratch(0xf0);
  check("csrw", csrr_sscratch() == 0xf0);
  csrs_sscratch(0x0f);
  csrc_sscratch(0x81);
  check("csrs csrc", csrr_sscratch() == 0x7e);
  check("csrrw", csrrw_sscratch(0x100) == 0x7e);
  check("csrrs", csrrs_sscratch(0x3) == 0x100);
  check("csrrc", csrrc_sscratch(0x1) == 0x103);
  // The trap stub takes a zero here for "from the kernel".
  check("csrrc wrote", csrrw_sscratch(0) == 0x102);
}

function atomics(): void {
  const a = kva(words);
  st64(a, 0x80000000);
  check("amoadd.w", amoadd_w(a, 0x7fffffff) == 0x80000000 && ld32(a) == 0xffffffff);
  check("amoor.w", amoor_w(a, 0) == 0xffffffff);
  st64(a, 0x0123456789abcdef);
  check("amoand.d", amoand_d(a, 0xff00ff00ff00ff00) == 0x0123456789abcdef);
  check("amoswap.d", amoswap_d(a, 7) == 0x010045008900cd00 && ld64(a) == 7);
}

function blocks(): void {
  const a = kva(words);
  const b = kva(other);
  for (let i: u64 = 0; i < 256; i++) st8(a + i, <u32>i);
  copy_bytes(b + 1, a + 3, 100);
  check("copy_bytes", ld8(b + 1) == 3 && ld8(b + 100) == 102);
  fill_bytes(b, 0x5a, 256);
  check("fill_bytes", ld64(b + 248) == 0x5a5a5a5a5a5a5a5a);
  csrs_sstatus(0x6000);
  for (let i: u64 = 0; i < 32; i++) st64(a + 8 * i, 0x4000000000000000 + i);
  st64(a + 256, 0x21);
  fp_restore(words);
  fp_save(other);
  check("fp_restore fp_save", memory.compare(words, other, 264) == 0);
  fence(); fence_i(); sfence_vma(); sfence_vma_addr(a);
}

function symbols(): void {
  check("text", symAddr_text_start() == 0x80200000 && symAddr_text_end() <= symAddr_rodata_start());
  check("rodata", symAddr_rodata_end() <= symAddr_data_start());
  check("guards", symAddr_kstack_bottom() - symAddr_kstack_guard() == 4096 && symAddr_kstack_top() <= symAddr_estack_guard());
  check("heap", symAddr_estack_top() <= 0x80400000 && symAddr_heap_base() % 65536 == 0);
  check("trampoline", load<u32>(symAddr_user_trampoline()) == 0x08b00893 && load<u32>(symAddr_user_trampoline() + 4) == 0x73);
  const add = funcAddr((<(a: i32, b: i32) => i32>plus).index);
  check("funcAddr", add >= kva(symAddr_text_start()) && add < kva(symAddr_text_end()));
  here(other);
  check("here", load<u64>(other) - kva(symAddr_text_start()) < 65536 && load<u64>(other, 8) < kva(symAddr_kstack_top()));
  check("sbi", sbi(0x10, 0, 0, 0, 0, 0, other) == 0 && load<u64>(other) != 0);
}

function plus(a: i32, b: i32): i32 { return a + b; }

function dies(n: i32): i32 {
  if (n > 0) return dies(n - 1) + 1;
  return 100 / n;
}

export function kmain(hart: u64, tree: u64): usize {
  check("arguments", hart == 0 && tree >= 0x80000000 && tree < 0x88000000);
  loads();
  csrs();
  atomics();
  blocks();
  symbols();
  check("heap allocates", new StaticArray<u8>(100000).length == 100000);
  text("done\\n");
  dies(5);
  return 0;
}

export function trapUser(frame: usize): usize { return frame; }

export function trapKernel(frame: usize): void {
  const pc = load<u64>(frame);
  text(trapCause(pc)); put(10);
  const low = kva(symAddr_kstack_bottom());
  backtrace.begin(pc, load<u64>(frame, 16), load<u64>(frame, 8), low, kva(symAddr_kstack_top()));
  while (backtrace.next()) {
    utf8(backtrace.name, backtrace.nameLength);
    put(32);
    text(backtrace.line.toString());
    put(10);
  }
  st32(FINISHER, 0x5555);
}
`;

test('intrinsics, heap, trap cause and backtrace', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'wasm2rv-kernel-'));
  try {
    const entry = join(dir, 'k.ts');
    writeFileSync(entry, SOURCE);
    writeFileSync(join(dir, 'rv.ts'), declarations());
    const { wasm, map } = await runAsc(entry, 'kernel', '.');
    const { elf } = link(compile(wasm), { target: 'kernel', unit: 'k', sourceMap: map });
    const printed = boot(elf)
      .split('\n')
      .filter(line => line !== '');
    const lineOf = (code: string): number => SOURCE.split('\n').findIndex(line => line.includes(code)) + 1;
    expect(printed.slice(0, 2)).toEqual(['done', 'integer division by zero']);
    const frames = printed.slice(2).map(line => line.replace(/^.*\/(\S+) /, '$1 '));
    // The compiler may inline a level or two into kmain.
    expect(frames.slice(0, 3)).toEqual([
      `dies ${lineOf('return 100 / n')}`,
      `dies ${lineOf('return dies(n - 1)')}`,
      `dies ${lineOf('return dies(n - 1)')}`,
    ]);
    expect(frames.slice(-2)).toEqual([expect.stringMatching(/^kmain \d+$/), 'boot.high 0']);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/** Declarations for all intrinsics that the program imports, by their shapes in docs/wasm2rv.md. */
function declarations(): string {
  const names = /import \{([^}]*)\}/
    .exec(SOURCE)![1]!
    .split(',')
    .map(name => name.trim());
  const shape = (name: string): string => {
    if (/^csrrw_|^csrrs_|^csrrc_/.test(name)) return '(v: u64): u64';
    if (name.startsWith('csrr_')) return '(): u64';
    if (name.startsWith('csr')) return '(v: u64): void';
    if (name === 'ld64') return '(a: u64): u64';
    if (name.startsWith('ld')) return '(a: u64): u32';
    if (name === 'st64') return '(a: u64, v: u64): void';
    if (name.startsWith('st')) return '(a: u64, v: u32): void';
    if (/^amo\w+_w$/.test(name)) return '(a: u64, v: u32): u32';
    if (name.startsWith('amo')) return '(a: u64, v: u64): u64';
    if (name.startsWith('symAddr_')) return '(): usize';
    if (/^fp_|^here$/.test(name)) return '(p: usize): void';
    if (name === 'funcAddr') return '(index: i32): u64';
    if (name === 'sbi') return '(e: u64, f: u64, a: u64, b: u64, c: u64, d: u64, out: usize): i64';
    if (name === 'copy_bytes') return '(dst: u64, src: u64, n: u64): void';
    if (name === 'fill_bytes') return '(dst: u64, v: u32, n: u64): void';
    return name === 'sfence_vma_addr' ? '(va: u64): void' : '(): void';
  };
  return names
    .filter(name => name !== '')
    .map(name => `export declare function ${name}${shape(name)};\n`)
    .join('');
}

function boot(elf: Uint8Array): string {
  const machine = new Machine({
    memoryMiB: 64,
    bios: 'default',
    kernel: { name: 'k', bytes: elf },
    append: '',
    devices: [],
    isVirtioLegacy: false,
    icountShift: 0,
    isRebootRefused: true,
    epochMs: VIRTUAL_EPOCH_MS,
    seed: 1,
    guestError: () => {},
  });
  const printed: Uint8Array[] = [];
  machine.onConsole = bytes => printed.push(bytes.slice());
  machine.powerOn();
  machine.advance(10_000_000);
  expect(machine.exitCode).toBe(0);
  return fromUtf8(concatBytes(printed));
}
