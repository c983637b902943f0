/**
 * The CSRs that are storage and nothing else: a cell of the hart state, of which a write changes the writable bits. One
 * row each; the others are in csr.ts.
 */
import * as n from '../../isa/csr-numbers';
import {
  MCAUSE,
  MCOUNTEREN,
  MEDELEG,
  MEPC,
  MSCRATCH,
  MTVAL,
  SCAUSE,
  SCOUNTEREN,
  SENVCFG,
  SEPC,
  SSCRATCH,
  STVAL,
} from '../layout';
import { cell, setCell } from './state';

const ALL: u64 = 0xffff_ffff_ffff_ffff;
/** IALIGN is 16: bit 0 of a return address is always 0. */
const ADDRESS: u64 = 0xffff_ffff_ffff_fffe;
/** FIOM, CBIE, CBCFE and CBZE. */
const ENVCFG: u64 = 0xf1;
/** Every exception there is. */
const DELEGABLE: u64 = 0xbbff;

/** Cell of each number, 0 (x0, no CSR's) where it is not plain; and what of it can be written. */
const cells = new StaticArray<u16>(4096);
const rowOf = new StaticArray<u8>(4096);
const writable = new StaticArray<u64>(16);
let rows: i32 = 0;

function plain(number: i32, at: usize, mask: u64): void {
  cells[number] = <u16>at;
  rowOf[number] = <u8>rows;
  writable[rows++] = mask;
}

plain(n.scounteren, SCOUNTEREN, ALL);
plain(n.senvcfg, SENVCFG, ENVCFG);
plain(n.sscratch, SSCRATCH, ALL);
plain(n.sepc, SEPC, ADDRESS);
plain(n.scause, SCAUSE, ALL);
plain(n.stval, STVAL, ALL);
plain(n.medeleg, MEDELEG, DELEGABLE);
plain(n.mcounteren, MCOUNTEREN, ALL);
plain(n.mscratch, MSCRATCH, ALL);
plain(n.mepc, MEPC, ADDRESS);
plain(n.mcause, MCAUSE, ALL);
plain(n.mtval, MTVAL, ALL);

/** `number` is 12 bits wide: within the tables. */
export function isPlain(number: i32): bool {
  return unchecked(cells[number]) != 0;
}
export function readPlain(number: i32): u64 {
  return cell(unchecked(cells[number]));
}
export function writePlain(number: i32, value: u64): void {
  setCell(unchecked(cells[number]), value & unchecked(writable[unchecked(rowOf[number])]));
}
