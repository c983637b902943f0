/**
 * The interpreter module: `run` (fast loop) and `step`, generated for one memory map and compiled once for it; every
 * machine of the same size in this process shares the compiled code.
 */
import { must } from '../../base/assert.ts';
import type { MemoryMap } from '../../bus/memory-map.ts';
import { op, WasmModule, type ValueType } from '../../wasm/encoder.ts';
import { FAST_LOCALS, fastLoop } from './fast.ts';
import { floatOperations, STEP_LOCALS, stepFunction } from './step.ts';

type Signature = readonly [params: readonly ValueType[], results: readonly ValueType[]];

/** Exports of cpu/slow that the generated code calls. */
const SLOW: Record<string, Signature> = {
  enter: [['i32'], ['i32']],
  loadSlow: [['i64', 'i32'], ['i64']],
  storeSlow: [['i64', 'i32', 'i64'], []],
  loadForUpdate: [['i64', 'i32'], ['i64']],
  loadReserved: [['i64', 'i32'], ['i64']],
  storeConditional: [['i64', 'i32', 'i64'], ['i64']],
  carrylessProduct: [['i32', 'i64', 'i64'], ['i64']],
  csr: [['i32', 'i32', 'i64'], ['i64']],
  unhandled: [['i32'], []],
  ecall: [[], []],
  ebreak: [[], []],
  mret: [['i32'], []],
  sret: [['i32'], []],
  wfi: [['i32'], []],
  sfenceVma: [['i32', 'i64'], []],
  fenceI: [[], []],
  invalidationFence: [['i32'], []],
  enterFloat: [['i32', 'i32'], []],
  touchFloat: [[], []],
  fetchStraddling: [['i32'], ['i32']],
};
/** Functions of cpu/predecode.ts. */
const DECODER: Record<string, Signature> = {
  decode: [['i32', 'i32'], []],
  decodeStraddle: [['i32', 'i32'], []],
  breakpoint: [['i32'], ['i32']],
};

/** The export of cpu/slow that does a floating-point operation: `d.add` is `dAdd`, `s.to.wu` is `sToWu`. */
function floatFunction(operation: string): string {
  return operation.replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
}

const WASM_PAGE = 65536;
const compiled = new Map<string, WebAssembly.Module>();

/** Imports: `host.memory`, `slow.*` and `decoder.*`; exports: `run` and `step`. */
export function interpreterModule(map: MemoryMap, isStepOnly = false): WebAssembly.Module {
  const key = `${map.totalBytes} ${isStepOnly}`;
  const known = compiled.get(key);
  if (known) return known;
  const module = new WebAssembly.Module(generate(map, isStepOnly));
  compiled.set(key, module);
  return module;
}

function generate(map: MemoryMap, isStepOnly: boolean): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  const pages = Math.ceil(map.totalBytes / WASM_PAGE);
  module.importMemory('host', 'memory', pages, pages);
  const indices = new Map<string, number>();
  const importAll = (from: string, functions: Record<string, Signature>): void => {
    for (const [name, [params, results]] of Object.entries(functions)) {
      indices.set(name, module.importFunction(from, name, { params, results }));
    }
  };
  importAll('slow', SLOW);
  importAll('decoder', DECODER);
  for (const [operation, arity] of floatOperations()) {
    const params = Array.from({ length: arity }, () => 'i64' as const);
    indices.set(operation, module.importFunction('slow', floatFunction(operation), { params, results: ['i64'] }));
  }
  const named = (name: string): number => must(indices.get(name), `function ${name}`);

  const step = indices.size;
  const stepBody = stepFunction({ named, float: named }, step);
  module.addFunction({ params: ['i32'], results: ['i32'] }, STEP_LOCALS, stepBody);
  const calls = { enter: named('enter'), decode: named('decode'), breakpoint: named('breakpoint'), step };
  const run = module.addFunction({ params: ['i32'], results: ['i32'] }, FAST_LOCALS, [
    fastLoop(map, calls, isStepOnly),
    op('unreachable'),
  ]);
  module.exportFunction('run', run);
  module.exportFunction('step', step);
  return module.toBytes();
}
