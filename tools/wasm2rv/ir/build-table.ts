/** Wasm opcodes that build.ts handles itself, each by a method of its builder, and the features that we refuse. */
export type Handler =
  | 'unreachable'
  | 'nop'
  | 'blockStart'
  | 'loopStart'
  | 'ifStart'
  | 'otherwise'
  | 'end'
  | 'br'
  | 'brIf'
  | 'brTable'
  | 'ret'
  | 'call'
  | 'callIndirect'
  | 'returnCall'
  | 'returnCallIndirect'
  | 'drop'
  | 'select'
  | 'selectTyped'
  | 'localGet'
  | 'localSet'
  | 'localTee'
  | 'globalGet'
  | 'globalSet'
  | 'memorySize'
  | 'memoryGrow'
  | 'i32Const'
  | 'i64Const'
  | 'f32Const'
  | 'f64Const'
  | 'prefixed';

export const INSTRUCTIONS: Readonly<Record<number, Handler>> = {
  0x00: 'unreachable',
  0x01: 'nop',
  0x02: 'blockStart',
  0x03: 'loopStart',
  0x04: 'ifStart',
  0x05: 'otherwise',
  0x0b: 'end',
  0x0c: 'br',
  0x0d: 'brIf',
  0x0e: 'brTable',
  0x0f: 'ret',
  0x10: 'call',
  0x11: 'callIndirect',
  0x12: 'returnCall',
  0x13: 'returnCallIndirect',
  0x1a: 'drop',
  0x1b: 'select',
  0x1c: 'selectTyped',
  0x20: 'localGet',
  0x21: 'localSet',
  0x22: 'localTee',
  0x23: 'globalGet',
  0x24: 'globalSet',
  0x3f: 'memorySize',
  0x40: 'memoryGrow',
  0x41: 'i32Const',
  0x42: 'i64Const',
  0x43: 'f32Const',
  0x44: 'f64Const',
  0xfc: 'prefixed',
};

/** Features whose first opcode we would meet, for the message. */
export const PREFIXES: Readonly<Record<number, string>> = {
  0x06: 'exception handling (try)',
  0x08: 'exception handling (throw)',
  0x1f: 'exception handling (try_table)',
  0x25: 'table.get',
  0x26: 'table.set',
  0xd0: 'a reference type as a value (ref.null)',
  0xd1: 'a reference type as a value (ref.is_null)',
  0xd2: 'a reference type as a value (ref.func)',
  0xfb: 'garbage collection',
  0xfd: 'SIMD',
  0xfe: 'threads (an atomic instruction)',
};
