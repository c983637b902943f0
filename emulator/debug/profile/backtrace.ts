/**
 * Who called whom on a hart, now: by call frame information where there is some for the pc, else by the frame pointer
 * chain of the psABI (ra at fp - 8, the caller's fp at fp - 16), as code built with -fno-omit-frame-pointer has it.
 */
import { viewOf } from '../../base/bytes.ts';
import type { Ram } from '../../bus/ram.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import { readMemory } from '../memory.ts';
import type { CallFrames } from './call-frames.ts';

const RA = 1;
const SP = 2;
const FP = 8;
const DEPTH_MAX = 128;
const WORD = 8;

interface Registers {
  pc: bigint;
  ra: bigint;
  sp: bigint;
  fp: bigint;
}

/** Program counters, the innermost first; those of callers are return addresses. */
export function backtrace(cpu: Cpu, ram: Ram, tables: readonly CallFrames[]): bigint[] {
  const load = (address: bigint): bigint | undefined => {
    const bytes = readMemory(cpu, ram, BigInt.asUintN(64, address), WORD, 'virtual');
    return bytes.length === WORD ? viewOf(bytes).getBigUint64(0, true) : undefined;
  };
  let now: Registers | undefined = { pc: cpu.pc, ra: cpu.getReg(RA), sp: cpu.getReg(SP), fp: cpu.getReg(FP) };
  const pcs: bigint[] = [];
  while (now !== undefined && now.pc !== 0n && pcs.length < DEPTH_MAX) {
    pcs.push(now.pc);
    now = caller(now, pcs.length === 1, tables, load);
  }
  return pcs;
}

type Load = (address: bigint) => bigint | undefined;

function caller(at: Registers, isInnermost: boolean, tables: readonly CallFrames[], load: Load): Registers | undefined {
  // A return address stands behind the call, which may be the last instruction of its function.
  const pc = isInnermost ? at.pc : at.pc - 1n;
  for (const table of tables) {
    const row = table.at(pc);
    if (!row) continue;
    const cfa = (row.cfaRegister === 'sp' ? at.sp : at.fp) + row.cfaOffset;
    // ra is in its register in the innermost frame alone.
    const ra = row.ra === 'same' ? (isInnermost ? at.ra : undefined) : load(cfa + row.ra);
    const fp = row.fp === 'same' ? at.fp : load(cfa + row.fp);
    return ra === undefined || fp === undefined ? undefined : { pc: ra, ra, sp: cfa, fp };
  }
  const isPlausible = at.fp > at.sp && at.fp - at.sp < 1n << 20n && at.fp % 16n === 0n;
  const ra = isPlausible ? load(at.fp - 8n) : undefined;
  const fp = isPlausible ? load(at.fp - 16n) : undefined;
  return ra === undefined || fp === undefined ? undefined : { pc: ra, ra, sp: at.fp, fp };
}
