/**
 * CSR numbers under the specification's own names (privileged specification, "CSR Listing"). Like cpu/layout.ts this file
 * is compiled twice, as TypeScript and as AssemblyScript, so it holds untyped constants only. Runs of numbered registers
 * (pmpaddr, the event counters) are in csr-names.ts.
 */
export const fflags = 0x001;
export const frm = 0x002;
export const fcsr = 0x003;

export const sstatus = 0x100;
export const sie = 0x104;
export const stvec = 0x105;
export const scounteren = 0x106;
export const senvcfg = 0x10a;
export const sscratch = 0x140;
export const sepc = 0x141;
export const scause = 0x142;
export const stval = 0x143;
export const sip = 0x144;
export const stimecmp = 0x14d;
export const satp = 0x180;

export const mstatus = 0x300;
export const misa = 0x301;
export const medeleg = 0x302;
export const mideleg = 0x303;
export const mie = 0x304;
export const mtvec = 0x305;
export const mcounteren = 0x306;
export const menvcfg = 0x30a;
export const mcountinhibit = 0x320;
export const mscratch = 0x340;
export const mepc = 0x341;
export const mcause = 0x342;
export const mtval = 0x343;
export const mip = 0x344;
export const pmpcfg0 = 0x3a0;
export const pmpcfg2 = 0x3a2;

export const tselect = 0x7a0;
export const tdata1 = 0x7a1;
export const tdata2 = 0x7a2;
export const tdata3 = 0x7a3;
export const tinfo = 0x7a4;

export const mcycle = 0xb00;
export const minstret = 0xb02;
export const cycle = 0xc00;
export const time = 0xc01;
export const instret = 0xc02;

export const mvendorid = 0xf11;
export const marchid = 0xf12;
export const mimpid = 0xf13;
export const mhartid = 0xf14;
export const mconfigptr = 0xf15;
