/** The shortest sequence that we know for `li rd, imm`: lui/addi(w), then shifts for what is wider than 32 bits. */
import type { MInsn } from './minsn.ts';

export function expandLi(rd: number, value: bigint): MInsn[] {
  const imm = BigInt.asIntN(64, value);
  const direct = fromHighBits(rd, imm);
  const lead = leadingZeros(imm);
  if (direct.length <= 2 || lead === 0 || lead === 64) return direct;
  // A positive number may be cheaper as a negative one shifted right: 0xffff_ffff is -1 >> 32.
  for (const fill of [(1n << BigInt(lead)) - 1n, 0n]) {
    const shifted = fromHighBits(rd, BigInt.asIntN(64, (imm << BigInt(lead)) | fill));
    if (shifted.length + 1 < direct.length) return [...shifted, { op: 'srli', rd, rs1: rd, imm: lead }];
  }
  return direct;
}

function fromHighBits(rd: number, imm: bigint): MInsn[] {
  if (imm >= -2048n && imm < 2048n) return [{ op: 'addi', rd, rs1: 0, imm: Number(imm) }];
  if (imm === BigInt.asIntN(32, imm)) {
    const value = Number(imm);
    const low = (value << 20) >> 20;
    const lui: MInsn = { op: 'lui', rd, imm: ((value - low) >>> 12) & 0xfffff };
    return low === 0 ? [lui] : [lui, { op: 'addiw', rd, rs1: rd, imm: low }];
  }
  const low = BigInt.asIntN(12, imm);
  let high = (imm - low) >> 12n;
  let shift = 12;
  while ((high & 1n) === 0n) {
    high >>= 1n;
    shift++;
  }
  // A lui supplies 12 zeros for nothing where the shifted part leaves room for it.
  if (shift > 12 && !(high >= -2048n && high < 2048n) && high << 12n === BigInt.asIntN(32, high << 12n)) {
    high <<= 12n;
    shift -= 12;
  }
  const out = [...fromHighBits(rd, BigInt.asIntN(64 - shift, high)), { op: 'slli', rd, rs1: rd, imm: shift } as MInsn];
  if (low !== 0n) out.push({ op: 'addi', rd, rs1: rd, imm: Number(low) });
  return out;
}

function leadingZeros(imm: bigint): number {
  return 64 - BigInt.asUintN(64, imm).toString(2).replace(/^0$/, '').length;
}
