/**
 * The running hart's state at the bottom of the shared wasm memory: byte offsets of its cells. This file is compiled twice, as
 * TypeScript (interpreter generator, Cpu) and as AssemblyScript (slow paths), so it holds untyped constants only.
 * A cell is 64 bits unless it says otherwise.
 */

/** Architectural state, from ARCH_START to ARCH_END, is what a snapshot holds. */
export const ARCH_START = 0;
/** x0…x31, 8 bytes each; x0 is never written: its writes go to X_SINK. */
export const X_REGS = 0;
export const X_SINK = 256;
/** f0…f31. */
export const F_REGS = 264;
export const PC = 520;
/** Privilege: 0 U, 1 S, 3 M. */
export const PRIV = 528;
/** Bit fields as the specification places them; SD is computed on reading. */
export const MSTATUS = 536;
export const MIE = 544;
/** mip = lines (wires from ACLINT and PLIC) | software-written bits. */
export const MIP_LINES = 552;
export const MIP_SOFT = 560;
export const MEDELEG = 568;
export const MIDELEG = 576;
export const MTVEC = 584;
export const MSCRATCH = 592;
export const MEPC = 600;
export const MCAUSE = 608;
export const MTVAL = 616;
export const MCOUNTEREN = 624;
export const MENVCFG = 632;
export const STVEC = 640;
export const SSCRATCH = 648;
export const SEPC = 656;
export const SCAUSE = 664;
export const STVAL = 672;
export const SCOUNTEREN = 680;
export const SENVCFG = 688;
export const SATP = 696;
export const STIMECMP = 704;
/** fflags and frm, apart because every floating-point operation touches one of them. */
export const FFLAGS = 712;
export const FRM = 720;
/** What a guest's write added to minstret and mcycle (they otherwise equal the instructions begun). */
export const MINSTRET_OFFSET = 728;
export const MCYCLE_OFFSET = 736;
/** Counters that stand still. */
export const MCOUNTINHIBIT = 744;
/** Load reservation: the address, the access width while it holds (else 0), and the value that was loaded. */
export const RESERVATION = 752;
export const RESERVED = 760;
/** 16 configuration bytes, then 16 address registers. */
export const PMPCFG = 768;
export const PMPADDR = 784;
/** Instructions begun since reset, up to the start of the current run. */
export const INSTRET_BASE = 912;
export const RESERVATION_VALUE = 920;
/** The trigger module: which trigger the tdata registers show, then one cell for each trigger. */
export const TRIGGERS = 2;
export const TSELECT = 928;
export const TDATA1 = 936;
export const TDATA2 = 952;
export const ARCH_END = 968;

/** What follows is scratch or derived; it is rebuilt after a load. */
/** i32: instructions the current run may still begin. */
export const REMAINING = 1024;
/** i32: what the current run was given. */
export const BUDGET = 1028;
/** i32: not 0 makes the interpreter leave its loop after this instruction and call `enter`. */
export const EVENT = 1032;
/** i32: ExitReason + 1, for `enter` to return. */
export const EXIT = 1036;
/** i32: the instruction in progress has trapped and must write nothing. */
export const TRAPPED = 1040;
/** i32: 1 when mstatus.FS is dirty, so that floating-point loads need no further check. */
export const FS_DIRTY = 1044;
/** i32: not 0 when FS is dirty and frm is "nearest even": the host's own arithmetic may do; 2 when NX is set too. */
export const FLOAT_FAST = 1164;
/** i32: the built-in SBI answers ecall from S-mode. */
export const SBI_ENABLED = 1048;
/** i32: Cpu.onTrap wants to hear of traps. */
export const TRACE_TRAPS = 1052;
/** Where the instruction in progress continues. */
export const NEXT_PC = 1056;
/** High 32 bits of an 8-byte device read (i32), and whether the device access failed (i32). */
export const MMIO_HI = 1064;
export const MMIO_FAULT = 1068;
/** Where the fast loop is to go on (i32 each, PAGE_VA 64 bits): first op of the decoded page, op, data TLB. */
export const CUR_PAGE = 1072;
export const CUR_OP = 1076;
export const CUR_TLB = 1080;
export const CUR_PAGE_VA = 1088;
/** i32: number of entries in the list of filled data TLB entries. */
export const TLB_FILLED = 1120;
/** i32: address of the exec TLB of the current privilege. */
export const CUR_EXEC_TLB = 1124;
/** i32: bit n says that the data TLBs of context n have been initialised. */
export const TLB_READY = 1128;
/** i32 each: exec context (MMU_*) and data context of the current privilege. */
export const EXEC_CONTEXT = 1136;
export const DATA_CONTEXT = 1140;
/** 64 bits: privilege that loads and stores have (mstatus.MPRV). */
export const DATA_PRIV = 1144;
/** i32: some PMP entry is on. */
export const PMP_ACTIVE = 1152;
/** i32: bit n says that a translation from a page above 4 KiB may be held for addresses whose top bit is n. */
export const LARGE_PAGES = 1160;
/** i32: for whom the bare context's translations were checked, when PMP is on. */
export const BARE_OWNER = 1156;

/** i32: not 0 keeps interrupts out: the debugger steps. */
export const NO_INTERRUPTS = 1168;
/** i32: watchpoints in use, and which of them was hit first (index + 1; 1 << 16 for a write). */
export const WATCH_COUNT = 1172;
export const WATCH_HIT = 1176;
/** i32: the instruction to come has been stopped in front of: it may pass. */
export const WATCH_PASS = 1180;
/** i32: Cpu.onWalk wants to hear of page-table walks; 64 bits: the virtual address of the last one. */
export const TRACE_WALKS = 1192;
export const WALK_VA = 1184;
/** i32: accesses (bits of tdata1) for which some trigger is armed in some mode. */
export const TRIGGERS_ARMED = 1196;

/** Configuration, written once by Cpu: see bus/memory-map.ts. i32 unless it says otherwise. */
export const CFG_TLB_LIST = 1200;
export const CFG_TLB_LIST_ENTRIES = 1204;
export const CFG_EXEC_TLB = 1208;
export const CFG_EXEC_TLB_ENTRIES = 1212;
export const CFG_DATA_TLB = 1216;
export const CFG_TLB_BYTES = 1220;
export const CFG_ADDRESS_BITS = 1224;
export const CFG_DECODED = 1228;
export const CFG_DECODED_PAGES = 1232;
export const CFG_DECODED_PAGE_BYTES = 1236;
export const CFG_DECODED_HEADER = 1240;
export const CFG_DIRTY = 1244;
export const CFG_CODE = 1248;
export const CFG_RAM = 1252;
/** 64 bits: physical address of RAM, its size in bytes, hartid. */
export const CFG_RAM_BASE = 1256;
export const CFG_RAM_SIZE = 1264;
export const CFG_HARTID = 1272;
/** misa (64 bits), and the FEATURE bits of extensions that the slow paths ask for. */
export const CFG_MISA = 1280;
export const CFG_FEATURES = 1288;
/** All of its extensions: bit n for row n of isa/extensions.ts. */
export const CFG_EXTENSIONS = 1292;
export const FEATURE_F = 1;
export const FEATURE_C = 2;
export const FEATURE_SSTC = 4;
export const FEATURE_MMU = 8;
export const FEATURE_PMP = 16;
export const FEATURE_DEBUG = 32;

/** Architectural state too: mhpmevent3…31, then mhpmcounter3…18 (what instret adds to it while it counts). */
export const PMU_START = 1536;
export const MHPMEVENT = 1536;
export const MHPMCOUNTER = 1768;
export const PMU_END = 1896;

/** Ops of instructions that straddle two pages, and so belong to none: a cache, direct-mapped by virtual page. */
export const STRADDLE_OPS = 2048;
export const STRADDLE_ENTRIES = 64;
/** What a hart takes along when another one runs. */
export const STATE_BYTES = 3072;

/** Shared by all harts, i32 each: the decoded page to hand out next, how many harts there are, which one runs. */
export const NEXT_DECODED = 4032;
export const HARTS = 4036;
export const RUNNING_HART = 4040;
/** i32: distance between the regions of two harts. */
export const HART_STRIDE = 4044;

/**
 * ROM that harts read and run straight, as bus/ram.ts keeps it: which banks are open (i32, a bit each), its physical
 * address and size (64 bits each). It follows RAM in the wasm memory and in the count of pages.
 */
export const ROM_OPEN = 4048;
export const ROM_BASE = 4056;
export const ROM_SIZE = 4064;
export const ROM_BANK_SHIFT = 25;

/** In each hart's region: its state while another one runs. */
export const PARKED_STATE = 4096;

/** Watchpoints: first and last virtual address, accesses that stop (i32: 1 read, 2 write). */
export const WATCHES = 3072;
export const WATCH_MAX = 32;
export const WATCH_BYTES = 24;
export const WATCH_LAST = 8;
export const WATCH_ACCESS = 16;
/** The op of an instruction with a breakpoint mark, while it runs. */
export const UNMARKED_OP = 3840;
/** The op of an instruction of a page whose parts PMP gives different rights: `enter` makes one each time. */
export const GUARDED_OP = 3856;

/** Translation contexts: each has its own data TLBs, so that a change of privilege flushes nothing. */
export const MMU_USER = 0;
export const MMU_SUPERVISOR = 1;
export const MMU_SUPERVISOR_SUM = 2;
/** Physical addresses: M-mode, or satp off. */
export const MMU_BARE = 3;

/**
 * A decoded instruction. `handler` (u16) picks its code; registers are byte offsets into the state (u16): X_REGS or
 * F_REGS plus 8 n, X_SINK for rd = x0; the immediate is an i32; `raw` is the instruction word.
 */
export const OP_HANDLER = 0;
export const OP_RD = 2;
export const OP_RS1 = 4;
export const OP_RS2 = 6;
export const OP_IMM = 8;
export const OP_RAW = 12;

/** Handler 0 is "not decoded yet": fresh memory is a valid decoded page. */
export const HANDLER_UNDECODED = 0;
/** Behind the last op of a page. */
export const HANDLER_PAGE_END = 1;
/** A 4-byte instruction whose second half is in the next page. */
export const HANDLER_STRADDLE = 2;
export const HANDLER_ILLEGAL = 3;
/** A breakpoint is at this place of some page: cpu.ts looks whether it is this one. */
export const HANDLER_BREAKPOINT = 4;
export const HANDLER_FIRST_ROW = 5;

/** Header of a decoded page: its page index in RAM (i32). */
export const DECODED_OWNER = 0;
