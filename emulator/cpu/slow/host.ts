/** What the slow paths ask of TypeScript (cpu/cpu.ts). Physical addresses travel as f64: 53 bits exact, no BigInt. */

/** Low 32 bits of a device register; the high half of an 8-byte read goes to MMIO_HI, failure to MMIO_FAULT. */
export declare function mmioRead(pa: f64, width: i32): i32;
export declare function mmioWrite(pa: f64, width: i32, lo: i32, hi: i32): void;
/** The time CSR. */
export declare function time(): f64;
/** stimecmp or menvcfg.STCE changed. */
export declare function timerChanged(): void;
/** WALK_VA was translated: to which physical address (-1: not mapped or not allowed, -2: the tables are out of reach). */
export declare function walked(access: i32, pa: f64, pageShift: i32): void;
/** Where in their pages instructions have execution triggers now (-1: none): they must be marked. */
export declare function triggersChanged(first: i32, second: i32): void;
/** This word of RAM was decoded, before it first runs. */
export declare function decoded(pa: f64, raw: i32): void;
/** A trap or interrupt was taken; Cpu reads the CSRs. */
export declare function trapTaken(): void;
