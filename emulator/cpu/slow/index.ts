/** Entry of the slow-path module: what the interpreter and Cpu call. */
export { loadForUpdate, loadReserved, loadSlow, storeConditional, storeSlow } from './memory';
export { instret } from './counters';
export { csr, isCsrKnown, peekCsr, pokeCsr } from './csr';
export { ebreak, ecall, enterFloat, fenceI, invalidationFence, mret, sfenceVma, sret, touchFloat, wfi } from './system';
export { addMark, clearMarks, decode, decodeStraddle, traceDecoding, unmark } from './predecode';
export { unhandled } from './jump';
export { enter, fetchStraddling } from './enter';
export { updatePmp } from './pmp';
export { isTriggered, updateTriggers } from './triggers';
export { flushTlb } from './tlb';
export { setPrivilege, takeInterrupt, updateContext } from './trap';
export { probe } from './mmu';
export { carrylessProduct } from './carryless';
export * from './float-ops';
