/** Intrinsics that tools/wasm2rv inlines into user programs. Contract: docs/wasm2rv.md. */
export declare function ecall6(nr: u64, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64): i64;
export declare function ld8(a: u64): u32;
export declare function ld64(a: u64): u64;
export declare function copy_bytes(dst: u64, src: u64, n: u64): void;
export declare function funcAddr(tableIndex: i32): u64;
