/**
 * Imports of module `rv` (docs/wasm2rv.md): what each is made of.
 *
 * kind  load/store  volatile access at a 64-bit address
 *       insn        one instruction over the operands
 *       csr         a CSR instruction; the CSR's name follows the prefix
 *       call        a call of a runtime routine with the arguments in a0, a1, …
 *       ecall       environment call: arguments go to the registers named
 *       symbol      address of a linker symbol
 *       table       native address of a table entry
 */
import { isCsrName } from '../asm/csr.ts';

export type Intrinsic =
  | { kind: 'load' | 'store'; op: string }
  | { kind: 'insn'; op: string }
  | { kind: 'csr'; op: string; csr: string }
  | { kind: 'call'; sym: string }
  | { kind: 'ecall' | 'sbi' | 'table' }
  | { kind: 'symbol'; sym: string };

const FIXED: Readonly<Record<string, Intrinsic>> = {
  ld8: { kind: 'load', op: 'lbu' },
  ld16: { kind: 'load', op: 'lhu' },
  // A u32 is a wasm i32, so held sign-extended.
  ld32: { kind: 'load', op: 'lw' },
  ld64: { kind: 'load', op: 'ld' },
  st8: { kind: 'store', op: 'sb' },
  st16: { kind: 'store', op: 'sh' },
  st32: { kind: 'store', op: 'sw' },
  st64: { kind: 'store', op: 'sd' },
  fence: { kind: 'insn', op: 'fence' },
  fence_i: { kind: 'insn', op: 'fence.i' },
  sfence_vma: { kind: 'insn', op: 'sfence.vma' },
  sfence_vma_addr: { kind: 'insn', op: 'sfence.vma' },
  wfi: { kind: 'insn', op: 'wfi' },
  ebreak: { kind: 'insn', op: 'ebreak' },
  ecall6: { kind: 'ecall' },
  sbi: { kind: 'sbi' },
  fp_save: { kind: 'call', sym: '__fp_save' },
  fp_restore: { kind: 'call', sym: '__fp_restore' },
  here: { kind: 'call', sym: '__here' },
  copy_bytes: { kind: 'call', sym: '__memmove' },
  fill_bytes: { kind: 'call', sym: '__memset' },
  funcAddr: { kind: 'table' },
};

/** csrr is csrrs without bits, csrw csrrw without a result. */
const CSR_OPS: Readonly<Record<string, string>> = {
  csrr: 'csrrs',
  csrw: 'csrrw',
  csrs: 'csrrs',
  csrc: 'csrrc',
  csrrw: 'csrrw',
  csrrs: 'csrrs',
  csrrc: 'csrrc',
};

export function findIntrinsic(name: string): Intrinsic | null {
  if (Object.hasOwn(FIXED, name)) return FIXED[name]!;
  const symbol = /^symAddr_(\w+)$/.exec(name);
  if (symbol) return { kind: 'symbol', sym: symbol[1]! };
  const csr = /^(csr[a-z]+)_(\w+)$/.exec(name);
  if (csr && Object.hasOwn(CSR_OPS, csr[1]!) && isCsrName(csr[2]!)) {
    return { kind: 'csr', op: CSR_OPS[csr[1]!]!, csr: csr[2]! };
  }
  const amo = /^(amoswap|amoadd|amoor|amoand)_([wd])$/.exec(name);
  if (amo) return { kind: 'insn', op: `${amo[1]}.${amo[2]}.aqrl` };
  return null;
}
