/**
 * The gdb remote stub: one connection, bytes in and bytes out (gdb manual, appendix E; QEMU's gdbstub.c is the model, down
 * to its error numbers). Harts are threads 1, 2, … of process 1. All of them stop together and go on together; a step runs
 * one instruction of one hart, without interrupts unless gdb asks for them. Malformed packets get an error or, as the
 * protocol wants for what a stub does not know, an empty answer.
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import type { DebugStop } from '../../machine/machine.ts';
import type { Space } from '../memory.ts';
import { runMonitorCommand, setStopped, type MonitorHost } from '../monitor.ts';
import { readBytes, writeBytes } from './memory.ts';
import {
  frame,
  fromHex,
  PACKET_MAX,
  PacketReader,
  parseHex,
  toBytes,
  toHex,
  valueFromHex,
  valueToHex,
  type PacketSink,
} from './packets.ts';
import { GENERAL_REGISTERS, readRegister, registerBytes, targetDescription, writeRegister } from './registers.ts';
import { StopPoints } from './stop-points.ts';

/** Error answers: EINVAL for what cannot be understood, EFAULT for addresses and registers that are not there. */
const EINVAL = 'E22';
const EFAULT = 'E14';
const OK = 'OK';
const UNKNOWN = '';
/** The answer comes later, or there is none. */
const NO_ANSWER = undefined;
type Answer = string | undefined;

const SIGINT = 2;
const SIGTRAP = 5;

/** Bits of Qqemu.sstep. */
const STEP_ENABLE = 1;
const STEP_NO_IRQ = 2;
const STEP_NO_TIMER = 4;

export class GdbStub implements PacketSink {
  private readonly reader = new PacketReader(this);
  private readonly points = new StopPoints();
  private acknowledges = true;
  private isMultiprocess = false;
  private reportsBreakpointKind = false;
  private memorySpace: Space = 'virtual';
  private stepMode = STEP_ENABLE | STEP_NO_IRQ | STEP_NO_TIMER;
  private lastPacket = frame(UNKNOWN);
  /** gdb waits for a stop. */
  private isRunning = false;
  /** For register and memory packets; for steps and goings-on without a thread; what the last stop was of. */
  private general = 0;
  private stepped = 0;
  private threadsListed = 0;
  private isClosed = false;
  /** gdb's `target extended-remote`: the connection stays when it lets go. */
  private isExtended = false;
  private isAttached = false;

  /** The machine stops, as on QEMU. */
  constructor(
    private readonly host: MonitorHost,
    private readonly send: (bytes: Uint8Array) => void,
    /** The connection is to be closed. */
    private readonly onDone: () => void,
  ) {
    this.attach();
  }

  receive(bytes: Uint8Array): void {
    this.reader.push(bytes);
  }

  /** The connection is gone, or gdb has let go: the machine runs on as if nobody had looked. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.isAttached) this.letGo();
    this.onDone();
  }

  private attach(): void {
    this.isAttached = true;
    this.host.machine.onDebugStop = stop => this.stopAt(stop);
    setStopped(this.host, true);
    this.host.onStopped = () => this.interrupt();
  }

  private letGo(): void {
    this.isAttached = false;
    this.isRunning = false;
    this.points.clear(this.harts);
    this.host.machine.onDebugStop = undefined;
    this.host.onStopped = undefined;
    this.runOnly();
    setStopped(this.host, false);
  }

  /** The machine has ended: so has the program, for gdb. */
  machineEnded(status: number): void {
    if (!this.isClosed) this.answer(`W${byteHex(status & 0xff)}`);
  }

  packet(payload: string): void {
    if (this.acknowledges) this.send(toBytes('+'));
    if (this.isClosed) return;
    const command = COMMANDS.get(payload.slice(0, 1));
    const isAllowed = this.isAttached || DETACHED_COMMANDS.test(payload);
    const answer = command ? (isAllowed ? command(this, payload.slice(1)) : EINVAL) : UNKNOWN;
    if (answer !== undefined) this.answer(answer);
  }
  garbled(): void {
    if (this.acknowledges) this.send(toBytes('-'));
  }
  again(): void {
    if (this.acknowledges) this.send(this.lastPacket);
  }
  interrupt(): void {
    if (!this.isAttached) return;
    setStopped(this.host, true);
    if (this.isRunning) this.reportStop(SIGINT, this.general);
  }

  private answer(payload: string): void {
    this.lastPacket = frame(payload);
    this.send(this.lastPacket);
  }

  private get harts(): readonly Cpu[] {
    return this.host.machine.harts;
  }
  private get cpu(): Cpu {
    return this.harts[this.general] ?? this.host.machine.cpu;
  }

  // Running and stopping

  private stopAt({ hart, hit }: DebugStop): void {
    setStopped(this.host, true);
    if (!this.isRunning) return;
    this.reportStop(SIGTRAP, hart, hit ? watchText(hit) : this.breakpointText(hart));
  }

  private breakpointText(hart: number): string {
    if (!this.reportsBreakpointKind) return '';
    return this.points.isHardware(this.harts[hart]!.pc) ? 'hwbreak:;' : 'swbreak:;';
  }

  private reportStop(signal: number, hart: number, why = ''): void {
    this.isRunning = false;
    this.selectGeneral(hart);
    this.stepped = hart;
    this.answer(this.stopText(signal, why));
  }

  private stopText(signal: number, why = ''): string {
    return `T${byteHex(signal)}thread:${this.threadName(this.general)};${why}`;
  }

  private selectGeneral(hart: number): void {
    this.general = hart;
    this.host.hart = hart;
  }

  /** @param harts the others are kept where they are; all when absent */
  private runOnly(harts = this.harts.map((_, hart) => hart)): void {
    this.host.machine.runOnly(harts);
  }

  goOn(harts?: readonly number[]): Answer {
    this.points.apply(this.harts);
    this.runOnly(harts && [...harts]);
    this.isRunning = true;
    setStopped(this.host, false);
    return NO_ANSWER;
  }

  /** At once: the machine stands still meanwhile. */
  step(hart: number): Answer {
    this.points.apply(this.harts);
    this.isRunning = true;
    const { machine } = this.host;
    const hit = machine.stepHart(hart, (this.stepMode & STEP_NO_IRQ) !== 0);
    if (machine.exitCode === undefined) this.reportStop(SIGTRAP, hart, hit ? watchText(hit) : '');
    return NO_ANSWER;
  }

  /** `c`, `s`, `C`, `S`: perhaps a signal, which nobody here takes, then perhaps where to go on. */
  resume(args: string, isStep: boolean, hasSignal: boolean): Answer {
    const address = hasSignal ? args.split(';')[1] : args === '' ? undefined : args;
    if (hasSignal && parseHex(args.split(';')[0]) === undefined) return EINVAL;
    if (address !== undefined) {
      const pc = parseHex(address);
      if (pc === undefined) return EINVAL;
      this.harts[this.stepped]!.pc = pc;
    }
    return isStep ? this.step(this.stepped) : this.goOn();
  }

  /** `vCont;ACTION[:THREAD];…`: for a hart, the first action that names it or everybody counts. */
  resumeByAction(args: string): Answer {
    const actions = args.split(';').map(text => {
      const [action, thread] = text.split(':');
      const isKnown = /^([cs]|[CS][0-9a-f]{2})$/i.test(action!);
      return isKnown ? { isStep: /s/i.test(action!), harts: this.hartsOf(thread ?? '-1') } : undefined;
    });
    if (actions.some(action => action === undefined)) return UNKNOWN;
    if (actions.some(action => action?.harts.length === 0)) return EINVAL;
    const named = this.harts.map((_, hart) => hart).filter(hart => actions.some(a => a?.harts.includes(hart)));
    const stepped = named.filter(hart => actions.find(action => action?.harts.includes(hart))?.isStep);
    if (stepped.length === 0) return this.goOn(named);
    return this.step(stepped.includes(this.stepped) ? this.stepped : stepped[0]!);
  }

  whyStopped(): Answer {
    this.points.clear(this.harts);
    return this.stopText(SIGTRAP);
  }

  extend(): Answer {
    this.isExtended = true;
    return OK;
  }
  detach(): Answer {
    this.answer(OK);
    if (this.isExtended) this.letGo();
    else this.close();
    return NO_ANSWER;
  }
  /** There is one process. */
  reattach(args: string): Answer {
    if (parseHex(args) !== 1n) return EINVAL;
    this.attach();
    this.selectGeneral(0);
    return this.stopText(SIGTRAP);
  }
  kill(): Answer {
    this.host.quit();
    return NO_ANSWER;
  }

  // Threads

  private threadName(hart: number): string {
    return `${this.isMultiprocess ? 'p01.' : ''}${byteHex(hart + 1)}`;
  }

  /** The harts that a thread id means: `-1` all, `0` any, `p1.2`, `2`; none when there is no such thread. */
  private hartsOf(text: string): number[] {
    const match = /^(?:p([0-9a-f]{1,8}|-1)(?:\.|$))?([0-9a-f]{1,8}|-1)?$/i.exec(text);
    if (!match || text === '') return [];
    const [process, thread] = [match[1] ?? '1', match[2] ?? '-1'];
    if (!['-1', '0', '1'].includes(process.replace(/^0+(?=.)/, ''))) return [];
    if (thread === '-1') return this.harts.map((_, i) => i);
    const number = parseInt(thread, 16);
    if (number === 0) return [0];
    return number <= this.harts.length ? [number - 1] : [];
  }

  selectThread(args: string): Answer {
    const hart = this.hartsOf(args.slice(1))[0];
    if (hart === undefined) return EINVAL;
    if (args.startsWith('g')) this.selectGeneral(hart);
    else if (args.startsWith('c')) this.stepped = hart;
    else return EINVAL;
    return OK;
  }
  isAlive(args: string): Answer {
    return this.hartsOf(args).length > 0 ? OK : EINVAL;
  }
  listThreads(isFirst: boolean): Answer {
    if (isFirst) this.threadsListed = 0;
    if (this.threadsListed >= this.harts.length) return 'l';
    return `m${this.threadName(this.threadsListed++)}`;
  }
  /** QEMU's words, blank and all. */
  private stateOf(hart: number): string {
    return this.host.machine.isHalted(hart) ? 'halted ' : 'running';
  }
  threadInfo(args: string): Answer {
    const hart = this.hartsOf(args)[0];
    return hart === undefined ? EINVAL : toHex(utf8(`CPU#${hart} [${this.stateOf(hart)}]`));
  }
  currentThread(): Answer {
    return `QC${this.threadName(this.general)}`;
  }

  // Registers and memory

  readGeneral(): Answer {
    return Array.from({ length: GENERAL_REGISTERS }, (_, i) => valueToHex(readRegister(this.cpu, i)!)).join('');
  }
  writeGeneral(args: string): Answer {
    const values = args.match(/.{16}/g)?.map(text => valueFromHex(text));
    if (!values || values.length * 16 !== args.length || values.includes(undefined)) return EINVAL;
    values.slice(0, GENERAL_REGISTERS).forEach((value, i) => writeRegister(this.cpu, i, value!));
    return OK;
  }
  readOne(args: string): Answer {
    const number = Number(parseHex(args) ?? NaN);
    const value = readRegister(this.cpu, number);
    return value === undefined ? EFAULT : valueToHex(value, registerBytes(this.cpu, number));
  }
  writeOne(args: string): Answer {
    const [name, hex] = args.split('=');
    const number = Number(parseHex(name) ?? NaN);
    if (readRegister(this.cpu, number) === undefined) return EFAULT;
    const value = valueFromHex(hex ?? '', registerBytes(this.cpu, number));
    if (value === undefined) return EINVAL;
    writeRegister(this.cpu, number, value);
    return OK;
  }

  readMemory(args: string): Answer {
    const range = parseRange(args);
    if (!range || range.length > PACKET_MAX / 2) return EINVAL;
    const bytes = readBytes(this.host.machine, this.cpu, range.address, range.length, this.memorySpace);
    return bytes.length === 0 && range.length > 0 ? EFAULT : toHex(bytes);
  }
  /** `M` brings hexadecimal digits, `X` bytes. */
  writeMemory(args: string, isBinary: boolean): Answer {
    const colon = args.indexOf(':');
    const range = parseRange(args.slice(0, Math.max(0, colon)));
    const text = args.slice(colon + 1);
    const bytes = isBinary ? toBytes(text) : fromHex(text);
    if (!range || bytes?.length !== range.length) return EINVAL;
    return writeBytes(this.host.machine, this.cpu, range.address, bytes, this.memorySpace) ? OK : EFAULT;
  }
  /** `Z` and `z`; conditions and commands behind a semicolon are gdb's own to check. */
  setPoint(args: string, isInsert: boolean): Answer {
    const [type, at, kind] = args.split(';')[0]!.split(',');
    const [address, length] = [parseHex(at), parseHex(kind)];
    if (type === undefined || address === undefined || length === undefined || length > PACKET_MAX) return EINVAL;
    const result = this.points[isInsert ? 'insert' : 'remove'](type, address, Number(length));
    return result === 'done' ? OK : result === 'refused' ? EINVAL : UNKNOWN;
  }

  // Queries

  supported(args: string): Answer {
    const features = args.split(';');
    this.isMultiprocess ||= features.includes('multiprocess+');
    this.reportsBreakpointKind ||= features.includes('swbreak+');
    const ours = [
      'qXfer:features:read+',
      'vContSupported+',
      'multiprocess+',
      'QStartNoAckMode+',
      'swbreak+',
      'hwbreak+',
    ];
    return `PacketSize=${PACKET_MAX.toString(16)};${ours.join(';')}`;
  }
  describeTarget(args: string): Answer {
    const [annex, window] = args.split(':');
    const text = targetDescription(this.cpu, annex!);
    const range = parseRange(window ?? '');
    if (text === undefined || !range) return 'E00';
    // Every character may have to be escaped.
    if (range.address > BigInt(text.length)) return 'E00';
    const end = Number(range.address) + Math.min(range.length, PACKET_MAX / 2);
    return `${end >= text.length ? 'l' : 'm'}${text.slice(Number(range.address), end)}`;
  }
  runMonitor(args: string): Answer {
    const line = fromHex(args);
    if (!line) return EINVAL;
    const output = toHex(utf8(runMonitorCommand(this.host, fromUtf8(line))));
    for (let at = 0; at < output.length; at += PACKET_MAX / 2) this.answer(`O${output.slice(at, at + PACKET_MAX / 2)}`);
    return OK;
  }
  stopAcknowledging(): Answer {
    this.acknowledges = false;
    return OK;
  }
  physicalMode(args: string | undefined): Answer {
    if (args === undefined) return this.memorySpace === 'physical' ? '1' : '0';
    if (parseHex(args) === undefined) return EINVAL;
    this.memorySpace = parseHex(args) === 0n ? 'virtual' : 'physical';
    return OK;
  }
  stepBits(args: string | undefined): Answer {
    if (args === undefined) return `0x${this.stepMode.toString(16)}`;
    const bits = parseHex(args);
    if (bits === undefined || bits > 7n) return EINVAL;
    this.stepMode = Number(bits);
    return OK;
  }
  reset(): Answer {
    this.host.machine.requestReset();
    return NO_ANSWER;
  }
}

/** What is answered while gdb has let go and the connection stays. */
const DETACHED_COMMANDS = /^(?:[!?HTDqQ]|vAttach;|vCont\?|vMustReplyEmpty)/;

/** By first character. */
const COMMANDS: ReadonlyMap<string, (stub: GdbStub, args: string) => Answer> = new Map([
  ['!', stub => stub.extend()],
  ['?', stub => stub.whyStopped()],
  ['c', (stub, args) => stub.resume(args, false, false)],
  ['C', (stub, args) => stub.resume(args, false, true)],
  ['s', (stub, args) => stub.resume(args, true, false)],
  ['S', (stub, args) => stub.resume(args, true, true)],
  ['D', stub => stub.detach()],
  ['k', stub => stub.kill()],
  ['R', stub => stub.reset()],
  ['g', stub => stub.readGeneral()],
  ['G', (stub, args) => stub.writeGeneral(args)],
  ['p', (stub, args) => stub.readOne(args)],
  ['P', (stub, args) => stub.writeOne(args)],
  ['m', (stub, args) => stub.readMemory(args)],
  ['M', (stub, args) => stub.writeMemory(args, false)],
  ['X', (stub, args) => stub.writeMemory(args, true)],
  ['H', (stub, args) => stub.selectThread(args)],
  ['T', (stub, args) => stub.isAlive(args)],
  ['Z', (stub, args) => stub.setPoint(args, true)],
  ['z', (stub, args) => stub.setPoint(args, false)],
  ['q', (stub, args) => longCommand(stub, `q${args}`)],
  ['Q', (stub, args) => longCommand(stub, `Q${args}`)],
  ['v', (stub, args) => longCommand(stub, `v${args}`)],
] as const);

/** Packets with longer names: the name, what stands behind it, the answer. */
const LONG_COMMANDS: readonly (readonly [start: string, run: (stub: GdbStub, args: string) => Answer])[] = [
  ['vCont?', () => 'vCont;c;C;s;S'],
  ['vCont;', (stub, args) => stub.resumeByAction(args)],
  ['vAttach;', (stub, args) => stub.reattach(args)],
  ['vKill;', stub => stub.kill()],
  ['qSupported', (stub, args) => stub.supported(args.slice(1))],
  ['qXfer:features:read:', (stub, args) => stub.describeTarget(args)],
  ['qRcmd,', (stub, args) => stub.runMonitor(args)],
  ['qThreadExtraInfo,', (stub, args) => stub.threadInfo(args)],
  ['qfThreadInfo', stub => stub.listThreads(true)],
  ['qsThreadInfo', stub => stub.listThreads(false)],
  ['qAttached', () => '1'],
  ['qqemu.PhyMemMode', stub => stub.physicalMode(undefined)],
  ['Qqemu.PhyMemMode:', (stub, args) => stub.physicalMode(args)],
  ['qqemu.sstepbits', () => `ENABLE=${STEP_ENABLE},NOIRQ=${STEP_NO_IRQ},NOTIMER=${STEP_NO_TIMER}`],
  ['qqemu.sstep', stub => stub.stepBits(undefined)],
  ['Qqemu.sstep=', (stub, args) => stub.stepBits(args)],
  ['QStartNoAckMode', stub => stub.stopAcknowledging()],
  ['qC', stub => stub.currentThread()],
];

function longCommand(stub: GdbStub, text: string): Answer {
  const row = LONG_COMMANDS.find(([start]) => text.startsWith(start));
  return row ? row[1](stub, text.slice(row[0].length)) : UNKNOWN;
}

/** `address,length`, in hexadecimal. */
function parseRange(text: string): { address: bigint; length: number } | undefined {
  const [at, size, ...rest] = text.split(',');
  const [address, length] = [parseHex(at), parseHex(size)];
  if (address === undefined || length === undefined || rest.length > 0) return undefined;
  return { address, length: Number(length) };
}

function watchText({ watchpoint, isWrite }: NonNullable<DebugStop['hit']>): string {
  const { onRead, onWrite, address } = watchpoint;
  const kind = onRead && onWrite ? 'awatch' : isWrite ? 'watch' : 'rwatch';
  return `${kind}:${address.toString(16)};`;
}

const byteHex = (value: number): string => value.toString(16).padStart(2, '0');
