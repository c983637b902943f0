/**
 * A sampling profiler: looks at every hart at equal distances of guest time, and makes a tree of calls of it, in the
 * format of V8's .cpuprofile files (Chrome DevTools and VS Code show them). Looking changes nothing: under -icount a
 * profiled run is the same run.
 */
import { viewOf } from '../../base/bytes.ts';
import { TIMEBASE_HZ, type Timer } from '../../bus/clock.ts';
import { Privilege, type Cpu } from '../../cpu/cpu.ts';
import { rowNamed } from '../../isa/encode.ts';
import type { Machine } from '../../machine/machine.ts';
import { readMemory } from '../memory.ts';
import { backtrace } from './backtrace.ts';
import { CallFrames } from './call-frames.ts';
import { ElfFile } from '../../machine/elf-file.ts';
import { Symbols } from './symbols.ts';

const TICKS_PER_US = TIMEBASE_HZ / 1e6;
/** DevTools thinks in microseconds. */
const INTERVAL_US = 100;
const WFI = rowNamed('wfi').match;
const WFI_BYTES = 4n;
const MODES = { [Privilege.U]: '(user)', [Privilege.S]: '(supervisor)', [Privilege.M]: '(machine)' };

/** A file whose functions have names: an ELF file, System.map or /proc/kallsyms. */
export interface SymbolFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface CallFrame {
  readonly functionName: string;
  readonly scriptId: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface Node {
  readonly id: number;
  readonly callFrame: CallFrame;
  hitCount: number;
  readonly children: number[];
}

/** What JSON.stringify makes a .cpuprofile of. Times are microseconds of guest time. */
export interface CpuProfile {
  readonly nodes: readonly Node[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export class Profiler {
  private readonly timer: Timer;
  private readonly symbols = new Symbols();
  private readonly frames: CallFrames[] = [];
  private readonly nodes: Node[] = [];
  /** By parent's id and name. */
  private readonly known = new Map<string, Node>();
  private readonly samples: number[] = [];
  private readonly times: number[] = [];
  private readonly startUs: number;
  private readonly root: Node;

  constructor(
    private readonly machine: Machine,
    files: readonly SymbolFile[],
    private readonly intervalUs = INTERVAL_US,
  ) {
    for (const { name, bytes } of files) {
      this.symbols.add(bytes, name);
      const section = new ElfFile(bytes).section('.debug_frame');
      if (section) this.frames.push(new CallFrames(section));
    }
    this.root = this.node(undefined, '(root)', '');
    this.startUs = this.nowUs();
    this.timer = machine.timers.timer(() => this.sample());
    this.plan();
  }

  /** Ends the profile. */
  stop(): CpuProfile {
    this.timer.set(Infinity);
    const timeDeltas = this.times.map((time, i) => time - (i === 0 ? this.startUs : this.times[i - 1]!));
    return { nodes: this.nodes, startTime: this.startUs, endTime: this.nowUs(), samples: this.samples, timeDeltas };
  }

  private nowUs(): number {
    return Math.floor(this.machine.timers.now() / TICKS_PER_US);
  }

  private plan(): void {
    this.timer.set(this.machine.timers.now() + this.intervalUs * TICKS_PER_US);
  }

  private sample(): void {
    const { harts } = this.machine;
    harts.forEach((cpu, hart) => {
      let node = this.root;
      if (harts.length > 1) node = this.node(node, `hart ${hart}`, '');
      if (this.isWaiting(cpu)) {
        node = this.node(node, '(idle)', '');
      } else {
        node = this.node(node, MODES[cpu.privilege], '');
        for (const pc of backtrace(cpu, this.machine.ram, this.frames).reverse()) node = this.nodeOf(node, pc);
      }
      node.hitCount++;
      this.samples.push(node.id);
      this.times.push(this.nowUs());
    });
    this.plan();
  }

  /** Behind a wfi that nothing has ended. */
  private isWaiting(cpu: Cpu): boolean {
    if (cpu.hasPendingInterrupt) return false;
    const word = readMemory(cpu, this.machine.ram, cpu.pc - WFI_BYTES, Number(WFI_BYTES), 'virtual');
    return word.length === Number(WFI_BYTES) && viewOf(word).getUint32(0, true) === WFI;
  }

  private nodeOf(parent: Node, pc: bigint): Node {
    const place = this.symbols.at(pc);
    if (!place) return this.node(parent, `0x${pc.toString(16)}`, '');
    // Names of our own compiler are paths: folder/file/function.
    const at = place.name.lastIndexOf('/');
    return at < 0
      ? this.node(parent, place.name, place.file)
      : this.node(parent, place.name.slice(at + 1), `${place.name.slice(0, at)}.ts`);
  }

  private node(parent: Node | undefined, functionName: string, url: string): Node {
    const key = `${parent?.id ?? 0} ${url} ${functionName}`;
    const known = this.known.get(key);
    if (known) return known;
    const callFrame = { functionName, scriptId: '0', url, lineNumber: -1, columnNumber: -1 };
    const node: Node = { id: this.nodes.length + 1, callFrame, hitCount: 0, children: [] };
    this.nodes.push(node);
    this.known.set(key, node);
    parent?.children.push(node.id);
    return node;
  }
}
