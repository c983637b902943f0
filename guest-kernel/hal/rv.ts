/**
 * Intrinsics that tools/wasm2rv inlines: the only raw machine access besides mm/. Contract: docs/wasm2rv.md.
 * In unit tests the host provides them as ordinary imports of module `rv`.
 */
export declare function csrr_sstatus(): u64;
export declare function csrw_sstatus(v: u64): void;
export declare function csrs_sstatus(v: u64): void;
export declare function csrc_sstatus(v: u64): void;
export declare function csrw_sie(v: u64): void;
export declare function csrs_sie(v: u64): void;
export declare function csrc_sie(v: u64): void;
export declare function csrr_sip(): u64;
export declare function csrw_satp(v: u64): void;
export declare function csrr_satp(): u64;
export declare function csrr_time(): u64;
export declare function csrr_instret(): u64;
export declare function ld8(a: u64): u32;
export declare function ld16(a: u64): u32;
export declare function ld32(a: u64): u32;
export declare function ld64(a: u64): u64;
export declare function st8(a: u64, v: u32): void;
export declare function st16(a: u64, v: u32): void;
export declare function st32(a: u64, v: u32): void;
export declare function st64(a: u64, v: u64): void;
export declare function fence(): void;
export declare function fence_i(): void;
export declare function sfence_vma(): void;
export declare function sfence_vma_addr(va: u64): void;
export declare function wfi(): void;
export declare function ebreak(): void;
export declare function sbi(ext: u64, fid: u64, a0: u64, a1: u64, a2: u64, a3: u64, out: usize): i64;
export declare function fp_save(p: usize): void;
export declare function fp_restore(p: usize): void;
export declare function copy_bytes(dst: u64, src: u64, n: u64): void;
export declare function fill_bytes(dst: u64, v: u32, n: u64): void;
export declare function here(out: usize): void;
export declare function symAddr_text_start(): usize;
export declare function symAddr_text_end(): usize;
export declare function symAddr_rodata_start(): usize;
export declare function symAddr_rodata_end(): usize;
export declare function symAddr_data_start(): usize;
export declare function symAddr_heap_base(): usize;
export declare function symAddr_kstack_guard(): usize;
export declare function symAddr_kstack_top(): usize;
export declare function symAddr_estack_guard(): usize;
export declare function symAddr_unwind(): usize;
export declare function symAddr_kstack_bottom(): usize;
export declare function symAddr_estack_bottom(): usize;
export declare function symAddr_estack_top(): usize;
