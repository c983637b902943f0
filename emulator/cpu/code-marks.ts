/** Who wants to be asked in front of which instructions: the debugger, and each hart's execution triggers. */
import type { Ram } from '../bus/ram.ts';
import type { SlowExports } from './engine.ts';

/** The debugger's breakpoints are the same on every hart; triggers are a hart's own. */
export type MarkOwner = 'debugger' | number;

export class CodeMarks {
  private marked: ReadonlySet<number> = new Set();
  private readonly wanted = new Map<MarkOwner, ReadonlySet<number>>();

  constructor(
    private readonly slow: Pick<SlowExports, 'clearMarks' | 'addMark'>,
    private readonly ram: Ram,
  ) {}

  /**
   * Marks the instructions at these offsets of every page. Marks that are not needed any more stay while the owner wants
   * some, as a debugger puts them back all the time.
   */
  want(owner: MarkOwner, offsets: ReadonlySet<number>): void {
    this.wanted.set(owner, offsets);
    if ([...offsets].some(offset => !this.marked.has(offset))) this.redo();
  }

  /** The owner wants none, and no traces of its own. */
  clear(owner: MarkOwner): void {
    if (this.wanted.delete(owner)) this.redo();
  }

  private redo(): void {
    this.marked = new Set([...this.wanted.values()].flatMap(offsets => [...offsets]));
    this.slow.clearMarks();
    for (const offset of this.marked) this.slow.addMark(offset);
    this.ram.dropCode();
  }
}
