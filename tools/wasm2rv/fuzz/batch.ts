/**
 * Many compiled modules in one executable, so that one process runs hundreds: symbols get a prefix per module, and the
 * function tables are joined. harness.ts runs them.
 */
import { assert, must } from '../../../emulator/base/assert.ts';
import { viewOf } from '../../../emulator/base/bytes.ts';
import type { Target } from '../link/layout.ts';
import { BASES, WASM_PAGE } from '../link/layout.ts';
import type { Linked } from '../link/link.ts';
import type { MConstant, MFunction, MGlobal, MInsn, MProgram, MTableEntry } from '../asm/minsn.ts';
import { MEMORY_PAGES } from './emit.ts';
import { CASE, harness, harnessExports, placesOf, RECORD, STATE } from './harness.ts';
import type { Outcome } from './reference.ts';
import { ARGUMENTS, INITIAL_IMAGE } from './reference.ts';

/** Modules that fit: by their cases, and by their globals in the harness's copy. */
export const BATCH = 300;
/** Cause of a trap that is none of the compiler's. */
const NOT_A_TRAP = -1;

export function joinModules(modules: readonly MProgram[], target: Target): MProgram {
  assert(modules.length <= BATCH, 'a batch too large for its harness');
  const functions: MFunction[] = [];
  const globals: MGlobal[] = [];
  const constants: MConstant[] = [];
  const table: MTableEntry[] = [];
  const cases: { run: number; dump: number; args: readonly [bigint, bigint] }[] = [];
  modules.forEach((module, i) => {
    assert(module.start === null && module.data.length === 0, 'a generated module has no start function and no data');
    const named = [...module.functions, ...module.globals, ...(module.constants ?? [])];
    const own = new Set(named.map(({ name }) => name));
    const rename = (name: string): string => (own.has(name) ? `m${i}.${name}` : name);
    const tableOffset = table.length * 8;
    const renameInsn = (insn: MInsn): MInsn => {
      if (insn.sym === undefined) return insn;
      if (insn.sym !== 'table') return { ...insn, sym: rename(insn.sym) };
      return { ...insn, imm: Number(insn.imm ?? 0) + tableOffset };
    };
    for (const fn of module.functions) {
      functions.push({ ...fn, name: rename(fn.name), insns: fn.insns.map(renameInsn) });
    }
    for (const global of module.globals) globals.push({ ...global, name: rename(global.name) });
    for (const constant of module.constants ?? []) constants.push({ ...constant, name: rename(constant.name) });
    for (const entry of module.table) table.push({ ...entry, func: entry.func === null ? null : rename(entry.func) });
    const exported = (name: string): number => {
      table.push({ func: rename(must(module.exports.get(name), name)), typeId: 0 });
      return table.length - 1;
    };
    const [run, dump] = [exported('run'), exported('dump')];
    for (const args of ARGUMENTS) cases.push({ run, dump, args });
  });
  return {
    functions: [...harness(target), ...functions],
    globals,
    constants,
    table,
    data: [harnessData(cases, target)],
    exports: harnessExports(target),
    start: null,
    memoryPages: MEMORY_PAGES,
  };
}

function harnessData(
  cases: readonly { run: number; dump: number; args: readonly [bigint, bigint] }[],
  target: Target,
): { address: number; bytes: Uint8Array } {
  const places = placesOf(target);
  const bytes = new Uint8Array(places.cases - places.base + CASE * cases.length);
  assert(bytes.length <= WASM_PAGE, 'the cases fit the page of the harness');
  bytes.set(INITIAL_IMAGE);
  const view = viewOf(bytes);
  const put = (at: number, value: bigint): void => view.setBigUint64(at - places.base, BigInt.asUintN(64, value), true);
  cases.forEach(({ run, dump, args }, i) => {
    const at = places.cases + CASE * i;
    put(at, (BigInt(dump) << 32n) | BigInt(run));
    put(at + 8, args[0]);
    put(at + 16, args[1]);
  });
  put(places.state + STATE.next, BigInt(places.cases | 0));
  put(places.state + STATE.left, BigInt(cases.length));
  put(places.state + STATE.record, BigInt(places.records | 0));
  return { address: places.base, bytes };
}

/** The outcomes that the harness wrote, in order; fewer than there are runs where it died. */
export function readOutcomes(records: Uint8Array, linked: Linked, target: Target): Outcome[] {
  const causes = new Map(linked.code.traps.map(({ pc, cause }) => [BASES[target].text + pc, cause]));
  const view = viewOf(records);
  const out: Outcome[] = [];
  for (let at = 0; at + RECORD <= records.length; at += RECORD) {
    const pc = view.getUint32(at, true);
    out.push({
      trap: view.getBigUint64(at, true) === 0n ? 0 : (causes.get(pc) ?? NOT_A_TRAP),
      result: view.getBigUint64(at + 8, true),
      image: records.slice(at + 16, at + RECORD),
    });
  }
  return out;
}
