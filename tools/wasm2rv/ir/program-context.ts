/** What building one function needs to know of the program that it is part of. */
import type { Module } from '../wasm/decode.ts';

/** Names and hooks. */
export interface ProgramContext {
  module: Module;
  functionNames: readonly string[];
  /** Function that answers memory.size / memory.grow. */
  memorySize: string;
  memoryGrow: string;
  globalName(index: number): string;
  passiveName(index: number): string;
  typeId(typeIndex: number): number;
}
