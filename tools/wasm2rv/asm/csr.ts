/** CSRs by specification name, as intrinsics and stubs write them. */
import { CSR_NUMBERS } from '../../../emulator/isa/csr-names.ts';

export function isCsrName(name: string): boolean {
  return CSR_NUMBERS.has(name);
}

export function csrNumber(name: string): number {
  const number = CSR_NUMBERS.get(name);
  if (number === undefined) throw new Error(`no CSR named ${name}`);
  return number;
}
