/** M: multiplication and division. */
import type { Insn, Ops } from './insn.ts';

/** What a negative `a` adds to the unsigned product's high half, times `b`. */
const correction = <V>(o: Ops<V>, a: V, b: V): V => o.and(o.sar(a, o.const(63)), b);

export const RV64M: readonly Insn[] = [
  { name: 'mul', format: 'R', match: 0x02000033, mask: 0xfe00707f, run: o => o.mul(o.rs1, o.rs2) },
  {
    name: 'mulh',
    format: 'R',
    match: 0x02001033,
    mask: 0xfe00707f,
    run: o => o.sub(o.sub(o.mulhu(o.rs1, o.rs2), correction(o, o.rs1, o.rs2)), correction(o, o.rs2, o.rs1)),
  },
  {
    name: 'mulhsu',
    format: 'R',
    match: 0x02002033,
    mask: 0xfe00707f,
    run: o => o.sub(o.mulhu(o.rs1, o.rs2), correction(o, o.rs1, o.rs2)),
  },
  { name: 'mulhu', format: 'R', match: 0x02003033, mask: 0xfe00707f, run: o => o.mulhu(o.rs1, o.rs2) },
  { name: 'div', format: 'R', match: 0x02004033, mask: 0xfe00707f, run: o => o.div(o.rs1, o.rs2) },
  { name: 'divu', format: 'R', match: 0x02005033, mask: 0xfe00707f, run: o => o.divu(o.rs1, o.rs2) },
  { name: 'rem', format: 'R', match: 0x02006033, mask: 0xfe00707f, run: o => o.rem(o.rs1, o.rs2) },
  { name: 'remu', format: 'R', match: 0x02007033, mask: 0xfe00707f, run: o => o.remu(o.rs1, o.rs2) },
  { name: 'mulw', format: 'R', match: 0x0200003b, mask: 0xfe00707f, run: o => o.sext32(o.mul(o.rs1, o.rs2)) },
  {
    name: 'divw',
    format: 'R',
    match: 0x0200403b,
    mask: 0xfe00707f,
    run: o => o.sext32(o.div(o.sext32(o.rs1), o.sext32(o.rs2))),
  },
  {
    name: 'divuw',
    format: 'R',
    match: 0x0200503b,
    mask: 0xfe00707f,
    run: o => o.sext32(o.divu(o.zext32(o.rs1), o.zext32(o.rs2))),
  },
  {
    name: 'remw',
    format: 'R',
    match: 0x0200603b,
    mask: 0xfe00707f,
    run: o => o.sext32(o.rem(o.sext32(o.rs1), o.sext32(o.rs2))),
  },
  {
    name: 'remuw',
    format: 'R',
    match: 0x0200703b,
    mask: 0xfe00707f,
    run: o => o.sext32(o.remu(o.zext32(o.rs1), o.zext32(o.rs2))),
  },
];
