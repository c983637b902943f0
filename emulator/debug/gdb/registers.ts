/**
 * The registers as gdb numbers them, and the target description that tells it so (gdb manual, appendix G, "RISC-V
 * Features"): x0…x31, pc, f0…f31 if there are any, priv, then the CSRs, as QEMU 7.2 numbers them. `g` holds the integer
 * registers alone; gdb asks for others one by one.
 */
import { Privilege, type Cpu } from '../../cpu/cpu.ts';
import { CSR_NAMES } from '../../isa/csr-names.ts';
import { F_NAMES, X_NAMES } from '../../isa/registers.ts';

export const PC = 32;
/** Registers in a `g` packet. */
export const GENERAL_REGISTERS = PC + 1;
const FIRST_F = GENERAL_REGISTERS;
const CSRS = 0x1000;
/** What an f register holds above a single-precision number. */
const NAN_BOX = 0xffff_ffff_0000_0000n;

const X_TYPES: Readonly<Record<string, string>> = {
  ra: 'code_ptr',
  sp: 'data_ptr',
  gp: 'data_ptr',
  tp: 'data_ptr',
  s0: 'data_ptr',
};

/** The number of `priv`; the CSRs are behind it. */
function privOf(cpu: Cpu): number {
  return FIRST_F + (cpu.features.f ? F_NAMES.length : 0);
}
function isFloat(cpu: Cpu, number: number): boolean {
  return number >= FIRST_F && number < privOf(cpu);
}

/** Undefined: there is no such register. */
export function readRegister(cpu: Cpu, number: number): bigint | undefined {
  if (number < PC) return cpu.getReg(number);
  if (number === PC) return cpu.pc;
  if (isFloat(cpu, number)) return cpu.getFreg(number - FIRST_F);
  const priv = privOf(cpu);
  if (number === priv) return BigInt(cpu.privilege);
  const csr = number - priv - 1;
  return csr < CSRS ? cpu.getCsr(csr) : undefined;
}

/** Precondition: there is such a register. */
export function writeRegister(cpu: Cpu, number: number, value: bigint): void {
  const priv = privOf(cpu);
  if (number < PC) cpu.setReg(number, value);
  else if (number === PC) cpu.pc = value;
  else if (isFloat(cpu, number)) cpu.setFreg(number - FIRST_F, cpu.features.d ? value : NAN_BOX | value);
  else if (number === priv) setPrivilege(cpu, value);
  else cpu.setCsr(number - priv - 1, value);
}

/** How many bytes its value has. */
export function registerBytes(cpu: Cpu, number: number): number {
  return isFloat(cpu, number) && !cpu.features.d ? 4 : 8;
}

/** Two bits; the mode that is not there becomes S, as on QEMU. */
function setPrivilege(cpu: Cpu, value: bigint): void {
  cpu.privilege = Object.values(Privilege).find(p => BigInt(p) === (value & 3n)) ?? Privilege.S;
}

/** By annex name. */
export function targetDescription(cpu: Cpu, annex: string): string | undefined {
  if (annex !== 'target.xml') return annexes(cpu).get(annex)?.();
  const included = [...annexes(cpu).keys()].map(name => `<xi:include href="${name}"/>`);
  return `${xml('target')}<target><architecture>riscv:rv64</architecture>${included.join('')}</target>`;
}

function annexes(cpu: Cpu): ReadonlyMap<string, () => string> {
  const { f, d } = cpu.features;
  const [bits, type] = d ? [64, 'riscv_double'] : [32, 'ieee_single'];
  const floats = F_NAMES.map((name, i) => reg(name, FIRST_F + i, type, bits));
  const fpu: readonly (readonly [string, () => string])[] = [
    [`riscv-${bits}bit-fpu.xml`, () => feature('fpu', [...(d ? [DOUBLE] : []), ...floats])],
  ];
  return new Map([
    ['riscv-64bit-cpu.xml', () => feature('cpu', generalRegisters())],
    ...(f ? fpu : []),
    ['riscv-64bit-virtual.xml', () => feature('virtual', [reg('priv', privOf(cpu))])],
    ['riscv-csr.xml', () => feature('csr', csrRegisters(cpu))],
  ]);
}

const DOUBLE =
  '<union id="riscv_double"><field name="float" type="ieee_single"/><field name="double" type="ieee_double"/></union>';

function generalRegisters(): string[] {
  // gdb's name for s0, as QEMU's description has it.
  const names = X_NAMES.map((name, i) => reg(name === 's0' ? 'fp' : name, i, X_TYPES[name] ?? 'int'));
  return [...names, reg('pc', PC, 'code_ptr')];
}

function csrRegisters(cpu: Cpu): string[] {
  const first = privOf(cpu) + 1;
  return [...CSR_NAMES]
    .filter(([number]) => cpu.getCsr(number) !== undefined)
    .sort(([a], [b]) => a - b)
    .map(([number, name]) => reg(name, first + number));
}

const xml = (root: string): string => `<?xml version="1.0"?><!DOCTYPE ${root} SYSTEM "gdb-target.dtd">`;

function feature(name: string, contents: readonly string[]): string {
  return `${xml('feature')}<feature name="org.gnu.gdb.riscv.${name}">\n${contents.join('\n')}\n</feature>\n`;
}

function reg(name: string, number: number, type?: string, bits = 64): string {
  return `<reg name="${name}" bitsize="${bits}" regnum="${number}"${type === undefined ? '' : ` type="${type}"`}/>`;
}
