/** Runs modules in this process's WebAssembly engine: what is right. */
import { BASES } from '../link/layout.ts';
import { TRAP } from '../asm/minsn.ts';
import { IMAGE_SIZE } from './emit.ts';

/** What one run did: its trap (0: none), its result (0 after a trap), and the memory it left, globals included. */
export interface Outcome {
  trap: number;
  result: bigint;
  image: Uint8Array;
}

/** Arguments of the runs of each module. */
export const ARGUMENTS: readonly (readonly [bigint, bigint])[] = [
  [0n, 1n],
  [-5n, 0x1_2345_6789n],
  [1n << 62n, -0x8000_0001n],
];

/** Memory before each run: noise, of which the first half are small numbers. */
export const INITIAL_IMAGE: Uint8Array = initialImage();

function initialImage(): Uint8Array {
  const image = new Uint8Array(IMAGE_SIZE);
  for (let i = 0; i < IMAGE_SIZE; i++) image[i] = i < IMAGE_SIZE / 2 && i % 4 !== 0 ? 0 : (i * 167 + (i >> 3)) & 255;
  return image;
}

interface Exports {
  run(a: bigint, b: bigint): bigint;
  dump(): void;
  memory: WebAssembly.Memory;
}

/** By V8's messages; other engines' would be added here. */
const TRAP_MESSAGES: readonly (readonly [pattern: RegExp, cause: number])[] = [
  [/^unreachable/, TRAP.unreachable],
  [/by zero/, TRAP.divideByZero],
  [/unrepresentable/, TRAP.integerOverflow],
  [/table index/, TRAP.tableBounds],
  [/signature|null function/, TRAP.indirectType],
];

/** Each run has an instance of its own: globals start afresh. */
export function runReference(bytes: Uint8Array<ArrayBuffer>): Outcome[] {
  const module = new WebAssembly.Module(bytes);
  return ARGUMENTS.map(([a, b]) => {
    const { run, dump, memory } = new WebAssembly.Instance(module).exports as unknown as Exports;
    const image = new Uint8Array(memory.buffer, BASES.user.memory, IMAGE_SIZE);
    image.set(INITIAL_IMAGE);
    let trap = 0;
    let result = 0n;
    try {
      result = BigInt.asUintN(64, run(a, b));
    } catch (e) {
      trap = trapOf(e);
    }
    dump();
    return { trap, result, image: image.slice() };
  });
}

function trapOf(e: unknown): number {
  if (!(e instanceof WebAssembly.RuntimeError)) throw e;
  const row = TRAP_MESSAGES.find(([pattern]) => pattern.test(e.message));
  if (!row) throw new Error(`no trap cause for "${e.message}"`);
  return row[1];
}
