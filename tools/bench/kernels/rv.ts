/** Intrinsics that tools/wasm2rv inlines. Contract: docs/wasm2rv.md. */
export declare function csrr_instret(): u64;
export declare function csrs_sstatus(bits: u64): void;
export declare function sbi(ext: u64, fid: u64, a0: u64, a1: u64, a2: u64, a3: u64, out: usize): i64;
export declare function st32(a: u64, v: u32): void;
export declare function symAddr_heap_base(): usize;
