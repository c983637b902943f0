/** A: load-reserved, store-conditional and atomic read-modify-write. Misaligned addresses trap (no Zam). */
import type { Condition, Insn, Ops } from './insn.ts';

type Update = <V>(o: Ops<V>, old: V, operand: V) => V;

const pick =
  (condition: Condition): Update =>
  (o, old, operand) =>
    o.select(condition, old, operand, old, operand);

/** name, funct5, new value; each exists as .w and .d. A .w operand arrives sign-extended, which keeps both orders. */
const AMOS: readonly (readonly [name: string, funct5: number, update: Update])[] = [
  ['amoadd', 0x00, (o, old, operand) => o.add(old, operand)],
  ['amoswap', 0x01, (_o, _old, operand) => operand],
  ['amoxor', 0x04, (o, old, operand) => o.xor(old, operand)],
  ['amoor', 0x08, (o, old, operand) => o.or(old, operand)],
  ['amoand', 0x0c, (o, old, operand) => o.and(old, operand)],
  ['amomin', 0x10, pick('lt')],
  ['amomax', 0x14, pick('ge')],
  ['amominu', 0x18, pick('ltu')],
  ['amomaxu', 0x1c, pick('geu')],
];

/** `aq` and `rl` (bits 26, 25) may have any value: one hart in order gives the strongest meaning anyway. */
const encoding = (funct5: number, width: 4 | 8): number =>
  ((funct5 << 27) | ((width === 4 ? 2 : 3) << 12) | 0x2f) >>> 0;
const SUFFIX = { 4: 'w', 8: 'd' } as const;

const rowsOf = (width: 4 | 8): Insn[] => [
  {
    name: `lr.${SUFFIX[width]}`,
    format: 'LoadReserved',
    match: encoding(0x02, width),
    mask: 0xf9f0707f,
    run: o => o.loadReserved(width, o.rs1),
  },
  {
    name: `sc.${SUFFIX[width]}`,
    format: 'Amo',
    match: encoding(0x03, width),
    mask: 0xf800707f,
    run: o => o.storeConditional(width, o.rs1, o.rs2),
  },
  ...AMOS.map(([name, funct5, update]): Insn => ({
    name: `${name}.${SUFFIX[width]}`,
    format: 'Amo',
    match: encoding(funct5, width),
    mask: 0xf800707f,
    run: o => o.amo(width, o.rs1, old => update(o, old, width === 4 ? o.sext32(o.rs2) : o.rs2)),
  })),
];

export const RV64A: readonly Insn[] = [...rowsOf(4), ...rowsOf(8)];
