/**
 * The registers as gdb numbers them, and the target description that tells it so (gdb manual, appendix G, "RISC-V
 * Features"): x0…x31, pc, f0…f31, priv, then the CSRs, as QEMU 7.2 numbers them. `g` holds the integer registers alone; gdb
 * asks for others one by one.
 */
import { Privilege, type Cpu } from '../../cpu/cpu.ts';
import { CSR_NAMES } from '../../isa/csr-names.ts';
import { F_NAMES, X_NAMES } from '../../isa/registers.ts';

export const PC = 32;
/** Registers in a `g` packet. */
export const GENERAL_REGISTERS = PC + 1;
const FIRST_F = GENERAL_REGISTERS;
const PRIV = FIRST_F + F_NAMES.length;
const FIRST_CSR = PRIV + 1;
const CSRS = 0x1000;

const X_TYPES: Readonly<Record<string, string>> = {
  ra: 'code_ptr',
  sp: 'data_ptr',
  gp: 'data_ptr',
  tp: 'data_ptr',
  s0: 'data_ptr',
};

export function readRegister(cpu: Cpu, number: number): bigint | undefined {
  if (number < PC) return cpu.getReg(number);
  if (number === PC) return cpu.pc;
  if (number < PRIV) return cpu.getFreg(number - FIRST_F);
  if (number === PRIV) return BigInt(cpu.privilege);
  return number < FIRST_CSR + CSRS ? cpu.getCsr(number - FIRST_CSR) : undefined;
}

/** Returns whether there is such a register. */
export function writeRegister(cpu: Cpu, number: number, value: bigint): boolean {
  if (number < PC) cpu.setReg(number, value);
  else if (number === PC) cpu.pc = value;
  else if (number < PRIV) cpu.setFreg(number - FIRST_F, value);
  else if (number === PRIV) setPrivilege(cpu, value);
  else {
    if (readRegister(cpu, number) === undefined) return false;
    cpu.setCsr(number - FIRST_CSR, value);
  }
  return true;
}

function setPrivilege(cpu: Cpu, value: bigint): void {
  const mode = Object.values(Privilege).find(p => BigInt(p) === value);
  if (mode !== undefined) cpu.privilege = mode;
}

/** By annex name. */
export function targetDescription(cpu: Cpu, annex: string): string | undefined {
  switch (annex) {
    case 'target.xml':
      return `${xml('target')}<target><architecture>riscv:rv64</architecture>${ANNEXES.map(
        name => `<xi:include href="${name}"/>`,
      ).join('')}</target>`;
    case 'riscv-64bit-cpu.xml':
      return feature('cpu', [
        // gdb's name for s0, as QEMU's description has it.
        ...X_NAMES.map((name, i) => reg(name === 's0' ? 'fp' : name, i, X_TYPES[name] ?? 'int')),
        reg('pc', PC, 'code_ptr'),
      ]);
    case 'riscv-64bit-fpu.xml':
      return feature('fpu', [
        '<union id="riscv_double"><field name="float" type="ieee_single"/><field name="double" type="ieee_double"/></union>',
        ...F_NAMES.map((name, i) => reg(name, FIRST_F + i, 'riscv_double')),
      ]);
    case 'riscv-64bit-virtual.xml':
      return feature('virtual', [reg('priv', PRIV)]);
    case 'riscv-csr.xml':
      return feature('csr', csrRegisters(cpu));
    default:
      return undefined;
  }
}

const ANNEXES = ['riscv-64bit-cpu.xml', 'riscv-64bit-fpu.xml', 'riscv-64bit-virtual.xml', 'riscv-csr.xml'];

function csrRegisters(cpu: Cpu): string[] {
  return [...CSR_NAMES]
    .filter(([number]) => cpu.getCsr(number) !== undefined)
    .sort(([a], [b]) => a - b)
    .map(([number, name]) => reg(name, FIRST_CSR + number));
}

const xml = (root: string): string => `<?xml version="1.0"?><!DOCTYPE ${root} SYSTEM "gdb-target.dtd">`;

function feature(name: string, contents: readonly string[]): string {
  return `${xml('feature')}<feature name="org.gnu.gdb.riscv.${name}">\n${contents.join('\n')}\n</feature>\n`;
}

function reg(name: string, number: number, type?: string): string {
  return `<reg name="${name}" bitsize="64" regnum="${number}"${type === undefined ? '' : ` type="${type}"`}/>`;
}
