/** One random stream on everything that runs it; a difference is pinned to the instruction where that is possible. */
import { viewOf } from '../../emulator/base/bytes.ts';
import { disassemble } from '../../emulator/isa/disasm.ts';
import { instructionsRun, Mode, runOnCpu, runOnOracle, runOnQemu } from './judge.ts';
import { CODE_BASE } from './random-program.ts';
import { firstDifference, streamProgram, type StreamOptions, type StreamProgram } from './stream-program.ts';

/** What an outcome is compared with the interpreter's bare run. */
const OTHERS: Readonly<Record<string, (program: StreamProgram) => Uint8Array>> = {
  'qemu-riscv64': runOnQemu,
  oracle: runOnOracle,
  'interpreter under Sv39': program => runOnCpu(program, Mode.Paged),
  'step function': program => runOnCpu(program, Mode.Step),
};
export type Other = keyof typeof OTHERS;
export const ALL_OTHERS: readonly Other[] = Object.keys(OTHERS);

export interface StreamResult {
  readonly instructions: number;
  /** One text for each outcome that differs from the interpreter's. */
  readonly differences: readonly string[];
}

export function compareStream(options: StreamOptions, others: readonly Other[]): StreamResult {
  const program = streamProgram(options);
  const ours = runOnCpu(program);
  const instructions = instructionsRun();
  const differences = others.flatMap(name => {
    const difference = firstDifference(options, program, ours, OTHERS[name]!(program));
    return difference === undefined ? [] : [`seed ${options.seed}, ${name}: ${difference}`];
  });
  return { instructions, differences };
}

/** The code of a block as text, for whoever looks into a difference. */
export function listing({ code, blocks }: StreamProgram, block: number): string {
  const view = viewOf(code);
  const end = blocks[block + 1] ?? CODE_BASE + code.length;
  const lines: string[] = [];
  for (let pc = blocks[block]!; pc < end;) {
    const low = view.getUint16(pc - CODE_BASE, true);
    const isLong = (low & 3) === 3;
    const word = isLong ? view.getUint32(pc - CODE_BASE, true) : low;
    lines.push(`${pc.toString(16)}: ${disassemble(word, BigInt(pc))}`);
    pc += isLong ? 4 : 2;
  }
  return lines.join('\n');
}
