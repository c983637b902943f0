/**
 * The SBI calls that `-bios default` answers: RISC-V SBI specification 2.0 (base, TIME, IPI, RFENCE, HSM, SRST, DBCN)
 * and the legacy extensions 0 to 8. Knows registers as numbers; the machine does what a call asks for. A call's work is
 * done for every hart before it returns, so a remote fence needs no waiting.
 */
import { HartState } from './hart-state.ts';

/** What a call may do to the machine. Harts by id; every id that comes from here is one of `harts`. */
export interface SbiHost {
  /** Ids are 0 to harts - 1. */
  readonly harts: number;
  /** mvendorid, marchid, mimpid. */
  readonly machineIds: readonly [vendor: number, architecture: number, implementation: number];
  /** The supervisor timer: fires when `time` reaches `tick`; clears a pending one. */
  setTimer(hart: number, tick: number): void;
  setSoftwareInterrupt(hart: number, level: boolean): void;
  flushTranslations(hart: number): void;
  hartState(hart: number): HartState;
  startHart(hart: number, address: number, opaque: number): void;
  stopHart(hart: number): void;
  /** @param resume where to go on; absent: behind the call */
  suspendHart(hart: number, resume: { readonly address: number; readonly opaque: number } | undefined): void;
  /** The doubleword at a virtual address of the hart's, or undefined where a load would fault. */
  loadVirtual(hart: number, va: number): number | undefined;
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
  /** Whose ecall it is. */
  readonly hart: number;
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
const ERR_INVALID_ADDRESS = -5;
const ERR_ALREADY_AVAILABLE = -6;

const SPEC_VERSION = 2 << 24;
/** Not a registered implementation; drivers only print it. */
const IMPLEMENTATION_ID = 0x5354;
const IMPLEMENTATION_VERSION = 1;

const ALL_HARTS = 2 ** 64;

const SUSPEND_RETENTIVE = 0;
const SUSPEND_NON_RETENTIVE = 0x8000_0000;
/** Types from here to the next default are the platform's, and so are those from here above 2^31. */
const SUSPEND_PLATFORM = 0x1000_0000;
const SUSPEND_TYPES = 2 ** 32;

const RESET_SHUTDOWN = 0;
const RESET_COLD_REBOOT = 1;
const RESET_WARM_REBOOT = 2;
const REASON_SYSTEM_FAILURE = 1;

type Handler = (host: SbiHost, args: readonly number[], hart: number) => SbiResult;

const ok = (value = 0): SbiResult => ({ error: SUCCESS, value });
const failed = (error: number): SbiResult => ({ error, value: 0 });
const legacy = (value = 0): SbiResult => ({ error: value, value: 0, isLegacy: true });

/** Harts by a mask and the id that its bit 0 stands for; undefined when it names one that is not there. */
function masked(host: SbiHost, mask: number, base: number): number[] | undefined {
  if (base >= ALL_HARTS - 1) return Array.from({ length: host.harts }, (_, hart) => hart);
  const named: number[] = [];
  for (let bit = 0, rest = mask; rest > 0; bit++, rest = Math.floor(rest / 2)) {
    if (rest % 2 !== 1) continue;
    if (base + bit >= host.harts) return undefined;
    named.push(base + bit);
  }
  return named;
}

/** For each hart in the mask a0, counted from the base a1. */
function forMask(action: (host: SbiHost, hart: number) => void): Handler {
  return (host, [mask, base]) => {
    const harts = masked(host, mask!, base!);
    if (!harts) return failed(ERR_INVALID_PARAM);
    for (const hart of harts) action(host, hart);
    return ok();
  };
}

/** The legacy form: the mask is in memory at virtual address a0; 0 for all harts. */
function forLegacyMask(action: (host: SbiHost, hart: number) => void): Handler {
  return (host, [va], caller) => {
    const mask = va === 0 ? 0 : host.loadVirtual(caller, va!);
    if (mask === undefined) return legacy(ERR_INVALID_ADDRESS);
    const harts = va === 0 ? masked(host, 0, ALL_HARTS) : masked(host, mask, 0);
    if (!harts) return legacy(ERR_INVALID_PARAM);
    for (const hart of harts) action(host, hart);
    return legacy();
  };
}

const interrupt = (host: SbiHost, hart: number): void => host.setSoftwareInterrupt(hart, true);
const flush = (host: SbiHost, hart: number): void => host.flushTranslations(hart);
const isHart = (host: SbiHost, hart: number): boolean => hart < host.harts;
/** Where an instruction may be. */
const isCode = (host: SbiHost, address: number): boolean => address % 2 === 0 && host.memory(address, 2) !== undefined;

const startHart: Handler = (host, [hart, address, opaque]) => {
  if (!isHart(host, hart!)) return failed(ERR_INVALID_PARAM);
  if (!isCode(host, address!)) return failed(ERR_INVALID_ADDRESS);
  if (host.hartState(hart!) !== HartState.Stopped) return failed(ERR_ALREADY_AVAILABLE);
  host.startHart(hart!, address!, opaque!);
  return ok();
};

const suspendHart: Handler = (host, [type, address, opaque], caller) => {
  if (type === SUSPEND_RETENTIVE) {
    host.suspendHart(caller, undefined);
    return ok();
  }
  if (type === SUSPEND_NON_RETENTIVE) {
    if (!isCode(host, address!)) return failed(ERR_INVALID_ADDRESS);
    host.suspendHart(caller, { address: address!, opaque: opaque! });
    return ok();
  }
  const isReserved = type! % SUSPEND_NON_RETENTIVE < SUSPEND_PLATFORM || type! >= SUSPEND_TYPES;
  return failed(isReserved ? ERR_INVALID_PARAM : ERR_NOT_SUPPORTED);
};

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
      host => ok(host.machineIds[0]),
      host => ok(host.machineIds[1]),
      host => ok(host.machineIds[2]),
    ],
  ],
  [0x5449_4d45 /* TIME */, [(host, [tick], hart) => (host.setTimer(hart, tick!), ok())]],
  [0x73_5049 /* IPI */, [forMask(interrupt)]],
  // fence.i (decoded code goes when it is written), sfence.vma, sfence.vma with ASID (which are not told apart).
  [0x5246_4e43 /* RFENCE */, [forMask(() => {}), forMask(flush), forMask(flush)]],
  [
    0x48_534d, // HSM
    [
      startHart,
      (host, _args, caller) => {
        host.stopHart(caller);
        // Nobody reads it: the hart begins anew when it is started.
        return failed(ERR_FAILED);
      },
      (host, [hart]) => (isHart(host, hart!) ? ok(host.hartState(hart!)) : failed(ERR_INVALID_PARAM)),
      suspendHart,
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
  [0, [(host, [tick], hart) => (host.setTimer(hart, tick!), legacy())]],
  [1, [(host, [byte]) => (host.consoleWrite(byte! & 0xff), legacy())]],
  [2, [host => legacy(host.consoleRead())]],
  [3, [(host, _args, hart) => (host.setSoftwareInterrupt(hart, false), legacy())]],
  [4, [forLegacyMask(interrupt)]],
  [5, [forLegacyMask(() => {})]],
  [6, [forLegacyMask(flush)]],
  [7, [forLegacyMask(flush)]],
  [8, [host => (host.shutdown(false), legacy())]],
] satisfies [number, Handler[]][]);

const LAST_LEGACY = 8;

export function answerSbi(host: SbiHost, call: SbiCall): SbiResult {
  const functions = EXTENSIONS.get(call.extension);
  const handler = functions?.[call.extension <= LAST_LEGACY ? 0 : call.fid];
  return handler ? handler(host, call.args, call.hart) : failed(ERR_NOT_SUPPORTED);
}
