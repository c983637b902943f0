/**
 * The SBI calls that `-bios default` answers: RISC-V SBI specification 2.0 (base, TIME, IPI, RFENCE, HSM, SRST, DBCN)
 * and the legacy extensions 0 to 8. One hart. Knows registers as numbers; the machine does what a call asks for.
 */

/** What a call may do to the machine. */
export interface SbiHost {
  /** The supervisor timer: fires when `time` reaches `tick`; clears a pending one. */
  setTimer(tick: number): void;
  setSoftwareInterrupt(level: boolean): void;
  flushTranslations(): void;
  consoleWrite(byte: number): void;
  /** The next byte typed, or -1. */
  consoleRead(): number;
  /** Guest RAM, or undefined where there is none. */
  memory(pa: number, length: number): Uint8Array | undefined;
  /** Must follow every change to what `memory` gave. */
  memoryChanged(pa: number, length: number): void;
  shutdown(isFailure: boolean): void;
  reboot(): void;
}

export interface SbiCall {
  readonly extension: number;
  readonly fid: number;
  /** a0…a5, modulo 2^64; exact below 2^53. */
  readonly args: readonly number[];
}

export interface SbiResult {
  readonly error: number;
  readonly value: number;
  /** A legacy call returns in a0 alone: a1 is kept. */
  readonly isLegacy?: boolean;
}

const SUCCESS = 0;
const ERR_FAILED = -1;
const ERR_NOT_SUPPORTED = -2;
const ERR_INVALID_PARAM = -3;
const ERR_ALREADY_AVAILABLE = -6;

const SPEC_VERSION = 2 << 24;
/** Not a registered implementation; drivers only print it. */
const IMPLEMENTATION_ID = 0x5354;
const IMPLEMENTATION_VERSION = 1;

const HART = 0;
const HART_STARTED = 0;
const ALL_HARTS = 2 ** 64;

const RESET_SHUTDOWN = 0;
const RESET_COLD_REBOOT = 1;
const RESET_WARM_REBOOT = 2;
const REASON_SYSTEM_FAILURE = 1;

type Handler = (host: SbiHost, args: readonly number[]) => SbiResult;

const ok = (value = 0): SbiResult => ({ error: SUCCESS, value });
const failed = (error: number): SbiResult => ({ error, value: 0 });
const legacy = (value = 0): SbiResult => ({ error: value, value: 0, isLegacy: true });

/** Is hart 0 in the mask a0, counted from the base a1? All ones as base means every hart. */
function masksHart([mask, base]: readonly number[]): boolean {
  return base! >= ALL_HARTS - 1 || (base === HART && (mask! % 2 === 1 || mask! >= Number.MAX_SAFE_INTEGER));
}

function forHartMask(action: (host: SbiHost) => void): Handler {
  return (host, args) => {
    const isMasked = masksHart(args);
    // A mask that names only harts we do not have.
    if (!isMasked && (args[0] !== 0 || args[1] !== HART)) return failed(ERR_INVALID_PARAM);
    if (isMasked) action(host);
    return ok();
  };
}

const rfence = forHartMask(host => host.flushTranslations());

/** DBCN's write and read: up to a0 bytes at a1 (a2 its high word, always 0 on RV64). */
function dbcn(move: (host: SbiHost, bytes: Uint8Array, pa: number) => number): Handler {
  return (host, [length, pa, high]) => {
    const bytes = high === 0 ? host.memory(pa!, length!) : undefined;
    return bytes ? ok(move(host, bytes, pa!)) : failed(ERR_INVALID_PARAM);
  };
}

const EXTENSIONS: ReadonlyMap<number, readonly (Handler | undefined)[]> = new Map([
  [
    0x10, // base
    [
      () => ok(SPEC_VERSION),
      () => ok(IMPLEMENTATION_ID),
      () => ok(IMPLEMENTATION_VERSION),
      (_host, [extension]) => ok(EXTENSIONS.has(extension!) ? 1 : 0),
      () => ok(0), // mvendorid
      () => ok(0), // marchid
      () => ok(0), // mimpid
    ],
  ],
  [0x5449_4d45 /* TIME */, [(host, [tick]) => (host.setTimer(tick!), ok())]],
  [0x73_5049 /* IPI */, [forHartMask(host => host.setSoftwareInterrupt(true))]],
  // fence.i, sfence.vma, sfence.vma with ASID: on one hart, forgetting everything does each of them.
  [0x5246_4e43 /* RFENCE */, [rfence, rfence, rfence]],
  [
    0x48_534d, // HSM
    [
      (_host, [hart]) => failed(hart === HART ? ERR_ALREADY_AVAILABLE : ERR_INVALID_PARAM),
      () => failed(ERR_FAILED), // hart_stop: nobody could start the only hart again
      (_host, [hart]) => (hart === HART ? ok(HART_STARTED) : failed(ERR_INVALID_PARAM)),
      () => failed(ERR_NOT_SUPPORTED), // hart_suspend: wfi does as well
    ],
  ],
  [
    0x5352_5354, // SRST
    [
      (host, [type, reason]) => {
        if (type === RESET_SHUTDOWN) host.shutdown(reason === REASON_SYSTEM_FAILURE);
        else if (type === RESET_COLD_REBOOT || type === RESET_WARM_REBOOT) host.reboot();
        else return failed(ERR_INVALID_PARAM);
        return ok();
      },
    ],
  ],
  [
    0x4442_434e, // DBCN
    [
      dbcn((host, bytes) => {
        for (const byte of bytes) host.consoleWrite(byte);
        return bytes.length;
      }),
      dbcn((host, bytes, pa) => {
        let count = 0;
        for (let byte = 0; count < bytes.length && (byte = host.consoleRead()) >= 0; count++) bytes[count] = byte;
        host.memoryChanged(pa, count);
        return count;
      }),
      (host, [byte]) => (host.consoleWrite(byte! & 0xff), ok()),
    ],
  ],
  // Legacy: every function id means the same.
  [0, [(host, [tick]) => (host.setTimer(tick!), legacy())]],
  [1, [(host, [byte]) => (host.consoleWrite(byte! & 0xff), legacy())]],
  [2, [host => legacy(host.consoleRead())]],
  [3, [host => (host.setSoftwareInterrupt(false), legacy())]],
  // The mask is behind a virtual address; there is one hart to mean.
  [4, [host => (host.setSoftwareInterrupt(true), legacy())]],
  [5, [host => (host.flushTranslations(), legacy())]],
  [6, [host => (host.flushTranslations(), legacy())]],
  [7, [host => (host.flushTranslations(), legacy())]],
  [8, [host => (host.shutdown(false), legacy())]],
] satisfies [number, Handler[]][]);

const LAST_LEGACY = 8;

export function answerSbi(host: SbiHost, call: SbiCall): SbiResult {
  const functions = EXTENSIONS.get(call.extension);
  const handler = functions?.[call.extension <= LAST_LEGACY ? 0 : call.fid];
  return handler ? handler(host, call.args) : failed(ERR_NOT_SUPPORTED);
}
