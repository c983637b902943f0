/**
 * The whole machine: board, harts, time, and the loop that runs them. Synchronous: `advance` runs the guest until there
 * is a reason to stop; who waits for what (a terminal, a test) is the caller's business (drive.ts, session/).
 */
import { assert, must } from '../base/assert.ts';
import { MIB } from '../base/bytes.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import type { Bus } from '../bus/bus.ts';
import { NS_PER_TICK, TimerQueue } from '../bus/clock.ts';
import { Ram } from '../bus/ram.ts';
import { Cpu, Interrupt } from '../cpu/cpu.ts';
import { ExitReason } from '../cpu/exit-reason.ts';
import { Engine } from '../cpu/engine.ts';
import { HostEntropy, SeededEntropy, type EntropySource } from '../device/entropy.ts';
import { Rom } from '../device/rom.ts';
import type { VirtioConsole } from '../device/virtio/console.ts';
import type { UserNetwork } from '../device/net/user-network.ts';
import { DEFAULT_FEATURES } from '../isa/extensions.ts';
import { HartState } from '../sbi/hart-state.ts';
import { FLASH_BYTES } from '../device/flash.ts';
import { powerOn } from './boot.ts';
import { hasFlashContents, placeLoaders } from './loaders.ts';
import type { MachineConfig } from './config.ts';
import type { SocDevice } from './device-tree.ts';
import { Hart } from './hart.ts';
import { RealTime, VirtualTime, type GuestTime } from './guest-time.ts';
import { SbiCalls } from './sbi-calls.ts';
import type { StatePart } from './state-part.ts';
import { Turns } from './turns.ts';
import { FLASH_BASE, MROM_BASE, RAM_BASE, virtBoard, type Board } from './virt-board.ts';

/** Why `advance` returned. */
export const Stop = {
  /** The instructions were used up; there is more to do. */
  Budget: 0,
  /** Every hart waits for an interrupt that is not due yet. */
  Idle: 1,
  /** `pause` was called. */
  Paused: 2,
  /** The machine has ended: see `exitCode`. */
  Ended: 3,
} as const;
export type Stop = (typeof Stop)[keyof typeof Stop];

/** A hart is at a breakpoint, or has made an access that is watched. */
export interface DebugStop {
  readonly hart: number;
  readonly hit?: NonNullable<Cpu['watchHit']>;
}

const RNG_SEED_BYTES = 32;
export class Machine {
  readonly ram: Ram;
  /** The boot hart: `harts[0]`. */
  readonly cpu: Cpu;
  /** By hart id. */
  readonly harts: readonly Cpu[];
  readonly time: GuestTime;
  readonly timers: TimerQueue;
  private readonly board: Board;
  readonly bus: Bus;
  private readonly rom = new Rom();
  private readonly entropy: EntropySource;
  private readonly sbi: SbiCalls;
  private readonly runs: readonly Hart[];
  private readonly turns: Turns;
  private isPausing = false;
  private isResetting = false;
  private ended: number | undefined;
  private readonly consoleBuffer: number[] = [];
  /** Takes what the guest prints, in pieces, while `advance` runs. */
  onConsole: (bytes: Uint8Array) => void = () => {};
  /** Somebody may type at any moment: an idle virtual machine returns, and the caller lets time pass (`skipIdle`). */
  isPaced = false;
  /** Called when input or an earlier deadline may have given an idle machine something to do. */
  onWake: () => void = () => {};
  /** Called while `advance` runs, which then returns Stop.Paused. Only a debugger sets breakpoints. */
  onDebugStop: ((stop: DebugStop) => void) | undefined;

  constructor(readonly config: MachineConfig) {
    const flashBytes = hasFlashContents(config) ? FLASH_BYTES : 0;
    this.ram = new Ram(config.memoryMiB * MIB, RAM_BASE, config.harts, FLASH_BASE, flashBytes);
    this.time =
      config.icountShift === undefined ? new RealTime() : new VirtualTime(config.icountShift, () => this.instret);
    const now = (): number => Math.floor(this.time.nowNs() / NS_PER_TICK);
    this.timers = new TimerQueue(now, () => {
      this.requestExit();
      this.onWake();
    });
    this.entropy = config.seed === undefined ? new HostEntropy() : new SeededEntropy(config.seed);
    this.board = virtBoard({
      config,
      ram: this.ram,
      clock: this.timers,
      entropy: this.entropy,
      setInterrupt: (hart, bit, level) => this.setInterrupt(hart, bit, level),
      setSsip: hart => this.setSsip(hart, true),
      onExit: code => this.end(code),
      onReset: () => this.requestReset(),
      onConsoleByte: byte => this.printByte(byte),
      onActivity: () => this.onWake(),
    });
    const { bus, aclint } = this.board;
    this.bus = bus;
    bus.attach(MROM_BASE, this.rom);
    const engine = new Engine({ ram: this.ram, bus, features: config.cpu ?? DEFAULT_FEATURES });
    this.harts = Array.from(
      { length: config.harts ?? 1 },
      (_, id) =>
        new Cpu({
          ram: this.ram,
          bus,
          engine,
          index: id,
          hartid: id,
          time: () => aclint.mtime(),
          onTimerChange: () => this.runs[id]!.compareStimecmp(),
        }),
    );
    this.cpu = must(this.harts[0], 'hart 0');
    this.runs = this.harts.map(cpu => new Hart(cpu, this.timers, time => aclint.clockTick(time)));
    this.turns = new Turns(this.runs);
    aclint.onMtimeWritten = () => this.runs.forEach(hart => hart.compareStimecmp());
    this.sbi = new SbiCalls({
      ram: this.ram,
      harts: this.runs,
      uart: this.board.uart,
      setSoftwareInterrupt: (hart, level) => this.setSsip(hart, level),
      print: byte => this.printByte(byte),
      end: code => this.end(code),
      requestReset: () => this.requestReset(),
    });
  }

  /**
   * Loads the images and starts the harts; returns the device tree that the guest is handed. Errors of the user (a bad
   * image, too little memory) are UserErrors.
   */
  powerOn(): Uint8Array {
    const rngSeed = new Uint8Array(RNG_SEED_BYTES);
    this.entropy.fill(rngSeed);
    const { config, ram, runs: harts, board } = this;
    const bases = { rom: MROM_BASE, flash: FLASH_BASE };
    const { rom, deviceTree } = powerOn({ config, ram, harts, soc: board.soc, rngSeed, bases });
    this.rom.fill(rom);
    placeLoaders(config.loaders ?? [], { ram, harts, flash: board.flash });
    return deviceTree;
  }

  /** Power-on again, RAM as it was except for the images. */
  private reset(): void {
    this.isResetting = false;
    this.turns.reset();
    for (const { device } of this.board.soc) device.reset();
    for (const network of this.networks) network.powerOff();
    this.powerOn();
  }

  /** The status the guest ended the machine with. */
  get exitCode(): number | undefined {
    return this.ended;
  }

  /** Instructions begun by all harts since power-on. */
  get instret(): number {
    return this.harts.reduce((sum, hart) => sum + hart.instret, 0);
  }

  /** Every device that is soldered to the board, in device-tree order. */
  get soc(): readonly SocDevice[] {
    return this.board.soc;
  }

  get virtioConsole(): VirtioConsole | undefined {
    return this.board.virtioConsole;
  }

  /** Guest time since power-on. */
  get nowMs(): number {
    return this.time.nowNs() / 1e6;
  }

  /** `open` them before the guest runs; the end of the machine closes them. */
  get networks(): readonly UserNetwork[] {
    return this.board.networks;
  }

  /** Bytes typed at the serial console. */
  type(bytes: Uint8Array): void {
    this.board.uart.receive(bytes);
    this.onWake();
  }

  /** Bytes for the agent. Precondition: the machine has a virtio-console. */
  sendToAgent(bytes: Uint8Array): void {
    assert(this.virtioConsole !== undefined, 'no virtio-console to send to');
    this.virtioConsole.send(bytes);
    this.onWake();
  }

  /** Makes `advance` return after the instruction in progress, and at once from then on, until `resume`. */
  pause(): void {
    this.isPausing = true;
    this.requestExit();
    this.onWake();
  }

  resume(): void {
    this.isPausing = false;
  }

  /** Ends the machine from outside, as a power switch does. */
  end(code: number): void {
    this.ended ??= code;
    for (const network of this.networks) network.close();
    this.requestExit();
    this.onWake();
  }

  requestReset(): void {
    if (this.config.isRebootRefused) {
      this.end(0);
      return;
    }
    this.isResetting = true;
    this.requestExit();
  }

  /** Ms of guest time until something is due; Infinity if only input can wake the machine. Negative when overdue. */
  get idleMs(): number {
    return ((this.timers.nextDeadline - this.timers.now()) * NS_PER_TICK) / 1e6;
  }

  /** Runs about `maxInstructions`. */
  advance(maxInstructions: number): Stop {
    const stop = this.runLoop(maxInstructions);
    this.flushConsole();
    // Who reads the console may have paused or ended the machine.
    if (this.ended !== undefined) return Stop.Ended;
    return this.isPausing ? Stop.Paused : stop;
  }

  private runLoop(maxInstructions: number): Stop {
    const { timers, time, turns } = this;
    for (let left = maxInstructions; left > 0;) {
      timers.expire();
      if (this.ended !== undefined) return Stop.Ended;
      if (this.isResetting) this.reset();
      if (this.isPausing) return Stop.Paused;
      const hart = turns.next();
      if (!hart) {
        if (this.isIdle()) return Stop.Idle;
        continue;
      }
      const { cpu } = hart;
      const before = cpu.instret;
      const reason = cpu.run(Math.min(left, turns.instructions, time.instructionsUntil(timers.nextDeadline)));
      const begun = Math.max(1, cpu.instret - before);
      left -= begun;
      // Not `begun`: a run that the host cut short before its first instruction changes nothing in the guest.
      turns.use(cpu.instret - before);
      if (reason === ExitReason.SbiCall) this.sbi.answer(hart);
      else if (reason === ExitReason.Breakpoint || reason === ExitReason.Watchpoint) this.stopForDebugger(cpu);
      else if (reason === ExitReason.Wfi && !cpu.hasPendingInterrupt) hart.wait();
    }
    return Stop.Budget;
  }

  /** The running hart's turn ends after this instruction: another one has something to do. */
  private endTurn(): void {
    this.turns.end();
    this.requestExit();
  }

  /** The run in progress, or the next one, ends at once. */
  private requestExit(): void {
    this.harts[this.turns.current]?.requestExit();
  }

  /** A wire into a hart's mip. */
  private setInterrupt(id: number, bit: Interrupt, level: boolean): void {
    const cpu = this.harts[id]!;
    const wasPending = cpu.hasPendingInterrupt;
    cpu.setInterruptPending(bit, level);
    if (id !== this.turns.current && !wasPending && cpu.hasPendingInterrupt) this.endTurn();
  }

  /**
   * For the debugger, while nothing runs: one instruction of one hart; none of one that is stopped or suspended. A wait
   * for an interrupt ends at once, as it may. Returns the watchpoint that it hit.
   */
  stepHart(index: number, keepsInterruptsOut: boolean): DebugStop['hit'] {
    const hart = must(this.runs[index], `hart ${index}`);
    const { cpu } = hart;
    if (this.isResetting) this.reset();
    if (hart.isHalted && hart.state !== HartState.Started) return undefined;
    this.turns.goTo(index);
    hart.wake();
    const reason = cpu.step(keepsInterruptsOut);
    if (reason === ExitReason.SbiCall) this.sbi.answer(hart);
    this.flushConsole();
    return reason === ExitReason.Watchpoint ? cpu.watchHit : undefined;
  }

  /** For the debugger: from now on only these harts run. */
  runOnly(harts: readonly number[]): void {
    for (const hart of this.runs) hart.isHeld = !harts.includes(hart.id);
  }

  /** Whether a hart has nothing to run: stopped, suspended, or waiting for an interrupt. */
  isHalted(index: number): boolean {
    return must(this.runs[index], `hart ${index}`).isHalted;
  }

  private stopForDebugger(cpu: Cpu): void {
    this.isPausing = true;
    const hit = cpu.watchHit;
    this.onDebugStop?.({ hart: this.harts.indexOf(cpu), ...(hit ? { hit } : {}) });
  }

  /** No hart has anything to do. Virtual time goes to the next event at once, unless the caller paces it (`isPaced`). */
  private isIdle(): boolean {
    const { timers, time } = this;
    // Who waits for a prompt hears of it before the time jumps.
    this.flushConsole();
    if (this.ended !== undefined || this.isResetting || this.isPausing) return false;
    if (timers.nextDeadline <= timers.now()) return false;
    const isPaced = this.isPaced || this.networks.some(network => network.hasForwards);
    if (!time.isVirtual || isPaced || timers.nextDeadline === Infinity) return true;
    time.skipTo(timers.nextDeadline);
    return false;
  }

  /** The next event's time has come for the caller: virtual time jumps there. */
  skipIdle(): void {
    if (this.timers.nextDeadline !== Infinity) this.time.skipTo(this.timers.nextDeadline);
  }

  /** Everything but RAM and disks, in the order in which it is loaded. */
  get stateParts(): readonly StatePart[] {
    const { time, entropy, board } = this;
    const part = (name: string, version: number, value: Pick<StatePart, 'save' | 'load'>): StatePart => ({
      name,
      version,
      save: out => value.save(out),
      load: from => value.load(from),
    });
    return [
      part('time', 1, time),
      ...this.runs.map(hart => part(`hart ${hart.id}`, 2, hart)),
      { name: 'power and turns', version: 1, save: out => this.savePower(out), load: from => this.loadPower(from) },
      part('entropy', 1, entropy),
      part('boot rom', 1, this.rom),
      ...board.soc.map(({ device }) => part(`device ${device.name}`, device.stateVersion ?? 1, device)),
    ];
  }

  private savePower(out: StateWriter): void {
    out.bool(this.isResetting);
    this.turns.save(out);
  }

  private loadPower(from: StateReader): void {
    this.isResetting = from.bool();
    this.turns.load(from);
  }

  saveState(): Uint8Array {
    const out = new StateWriter();
    for (const part of this.stateParts) {
      out.tag(part.name);
      part.save(out);
    }
    return out.finish();
  }

  /** Precondition: saved by a machine of the same configuration. */
  loadState(state: Uint8Array): void {
    const from = new StateReader(state);
    for (const part of this.stateParts) {
      from.tag(part.name);
      part.load(from);
    }
    this.stateLoaded();
  }

  /** Must follow when all parts were loaded one by one. */
  stateLoaded(): void {
    for (const hart of this.runs) hart.compareStimecmp();
    this.board.flash.imagesLoaded();
    this.ended = undefined;
    this.consoleBuffer.length = 0;
  }

  private printByte(byte: number): void {
    this.consoleBuffer.push(byte);
  }

  /** Gives `onConsole` what has been printed so far; `advance` does it when it returns. */
  flushConsole(): void {
    if (this.consoleBuffer.length === 0) return;
    const bytes = Uint8Array.from(this.consoleBuffer);
    this.consoleBuffer.length = 0;
    this.onConsole(bytes);
  }

  /** SSIP is a bit that software owns: set where S-mode itself will clear it. */
  private setSsip(id: number, level: boolean): void {
    this.harts[id]!.isSsip = level;
    if (level && id !== this.turns.current) this.endTurn();
  }
}
