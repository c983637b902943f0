/**
 * `x/FMT ADDRESS` and `xp/FMT ADDRESS`: memory as numbers, characters or instructions. FMT is a count, a format (x d u o
 * c i) and a size (b h w g), as in QEMU and gdb; an address is a number or $REGISTER, with +N or -N behind it.
 */
import type { Ram } from '../../bus/ram.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import { CSR_NUMBERS } from '../../isa/csr-names.ts';
import { disassemble } from '../../isa/disasm.ts';
import { F_NAMES, X_NAMES } from '../../isa/registers.ts';
import { readMemory, type Space } from '../memory.ts';

const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, g: 8 };
const LINE_BYTES = 16;
const LINE_CHARACTERS = 8;
const COUNT_MAX = 65_536;
const LONG_INSTRUCTION = 4;
/** Bits 1:0 of an instruction that is not compressed. */
const IS_LONG = 3;

interface Format {
  readonly count: number;
  readonly letter: string;
  readonly size: number;
}

/** @param format what stands behind the slash, '' for none */
export function examine(cpu: Cpu, ram: Ram, format: string, expression: string, space: Space): string {
  const parsed = parseFormat(format);
  if (typeof parsed === 'string') return `${parsed}\n`;
  const address = evaluate(cpu, expression);
  if (address === undefined) return `${expression || 'no address'}: not an address; write a number or $REGISTER\n`;
  const read = (at: bigint, length: number): Uint8Array => readMemory(cpu, ram, at, length, space);
  return parsed.letter === 'i' ? instructions(read, address, parsed.count) : numbers(read, address, parsed);
}

function parseFormat(text: string): Format | string {
  const match = /^(\d*)([a-z]*)$/.exec(text);
  if (!match) return `/${text}: not a format; write a count, x d u o c or i, and b h w or g`;
  let letter = 'x';
  let size = 4;
  for (const char of match[2]!) {
    if ('xduoci'.includes(char)) letter = char;
    else if (char in SIZES) size = SIZES[char]!;
    else return `/${text}: ${char} is no format; write x d u o c or i, and b h w or g`;
  }
  return { count: Math.min(COUNT_MAX, match[1] === '' ? 1 : Number(match[1])), letter, size };
}

/** A sum of numbers and registers. */
export function evaluate(cpu: Cpu, expression: string): bigint | undefined {
  const terms = expression.replaceAll(' ', '').match(/[+-]?[^+-]+/g);
  if (terms === null || terms.join('') !== expression.replaceAll(' ', '')) return undefined;
  let sum = 0n;
  for (const term of terms) {
    const value = evaluateTerm(cpu, term.replace(/^[+-]/, ''));
    if (value === undefined) return undefined;
    sum += term.startsWith('-') ? -value : value;
  }
  return BigInt.asUintN(64, sum);
}

function evaluateTerm(cpu: Cpu, term: string): bigint | undefined {
  if (term.startsWith('$')) return registerNamed(cpu, term.slice(1));
  return /^(0x[0-9a-f]+|\d+)$/i.test(term) ? BigInt(term) : undefined;
}

function registerNamed(cpu: Cpu, name: string): bigint | undefined {
  if (name === 'pc') return cpu.pc;
  const number = /^[xf](\d+)$/.exec(name);
  if (number && Number(number[1]) < X_NAMES.length) {
    return name.startsWith('x') ? cpu.getReg(Number(number[1])) : cpu.getFreg(Number(number[1]));
  }
  const x = X_NAMES.indexOf(name === 'fp' ? 's0' : name);
  if (x >= 0) return cpu.getReg(x);
  const f = F_NAMES.indexOf(name);
  if (f >= 0) return cpu.getFreg(f);
  const csr = CSR_NUMBERS.get(name);
  return csr === undefined ? undefined : cpu.getCsr(csr);
}

type Read = (at: bigint, length: number) => Uint8Array;

const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0');
const noAccess = (at: bigint): string => `${hex(at)}: Cannot access memory\n`;

function numbers(read: Read, address: bigint, { count, letter, size }: Format): string {
  let text = '';
  const perLine = letter === 'c' ? LINE_CHARACTERS : LINE_BYTES / size;
  const step = letter === 'c' ? 1 : size;
  for (let done = 0; done < count; done += perLine) {
    const at = BigInt.asUintN(64, address + BigInt(done * step));
    const wanted = Math.min(perLine, count - done);
    const bytes = read(at, wanted * step);
    const whole = Math.floor(bytes.length / step);
    const cells = Array.from({ length: whole }, (_, i) => cell(bytes.subarray(i * step, (i + 1) * step), letter));
    if (whole > 0) text += `${hex(at)}: ${cells.join(' ')}\n`;
    if (whole < wanted) return text + noAccess(at + BigInt(whole * step));
  }
  return text;
}

function cell(bytes: Uint8Array, letter: string): string {
  const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const bits = 8 * bytes.length;
  switch (letter) {
    case 'd': // signed, as gdb prints it; QEMU does so for 8 bytes alone
      return BigInt.asIntN(bits, value).toString().padStart(decimalWidth(bits));
    case 'u':
      return value.toString().padStart(decimalWidth(bits));
    case 'o':
      return `0${value.toString(8)}`.padStart(Math.ceil(bits / 3));
    case 'c':
      return value >= 0x20n && value < 0x7fn
        ? `'${String.fromCharCode(Number(value))}'`
        : `'\\x${value.toString(16).padStart(2, '0')}'`;
    default:
      return `0x${value.toString(16).padStart(bits / 4, '0')}`;
  }
}

const decimalWidth = (bits: number): number => Math.floor((10 * bits + 32) / 33);

function instructions(read: Read, address: bigint, count: number): string {
  let text = '';
  let at = address & ~1n;
  for (let i = 0; i < count; i++) {
    const bytes = read(at, LONG_INSTRUCTION);
    const isLong = (bytes[0] ?? 0) % 4 === IS_LONG;
    const length = isLong ? 4 : 2;
    if (bytes.length < length) return text + noAccess(at);
    const word = cell(bytes.subarray(0, length), 'x');
    text += `0x${hex(at)}:  ${word.slice(2).padEnd(8)}  ${disassemble(Number(word), at)}\n`;
    at = BigInt.asUintN(64, at + BigInt(length));
  }
  return text;
}
