/** What a person reads of a linked program: the map (--map) and the disassembly (--dump-asm). */
import { hex, viewOf } from '../../../emulator/base/bytes.ts';
import { disassemble } from '../../../emulator/isa/disasm.ts';
import type { Linked } from './link.ts';
import type { SourceMap } from '../wasm/source-map.ts';
import { lookUp } from '../wasm/source-map.ts';

const ADDRESS_DIGITS = 16;

/** Regions, then every symbol by address: address, size, name. */
export function mapText({ layout, symbols }: Linked): string {
  const lines: string[] = [];
  for (const name of ['text', 'rodata', 'globals', 'memory'] as const) {
    const { start, fileEnd, end } = layout[name];
    lines.push(`${name.padEnd(8)} ${address(start)}  file ${fileEnd - start}  zeros ${end - fileEnd}`);
  }
  lines.push('');
  const sorted = symbols.toSorted((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  for (const { name, value, size } of sorted) {
    lines.push(`${value.toString(16).padStart(ADDRESS_DIGITS, '0')} ${String(size).padStart(7)} ${name}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Every function, an instruction a line, source lines between them where a source map tells. */
export function disassemblyText({ code, text, layout }: Linked, map: SourceMap | undefined): string {
  const view = viewOf(text);
  const lines: string[] = [];
  const names = new Map(code.functions.map(fn => [canonical(layout.text.start + fn.start), fn.name]));
  let origin = 0;
  for (const fn of code.functions) {
    lines.push('', `${address(layout.text.start + fn.start)} <${fn.name}>:`);
    for (let at = fn.start; at < fn.end;) {
      for (; origin < code.origins.length && code.origins[origin]!.pc <= at; origin++) {
        const source = map ? lookUp(map, code.origins[origin]!.off) : null;
        const line = source ? `  # ${map!.files[source.file]}:${source.line}` : '';
        if (line !== '' && lines.at(-1) !== line) lines.push(line);
      }
      const half = view.getUint16(at, true);
      const size = (half & 3) === 3 ? 4 : 2;
      const word = size === 4 ? view.getUint32(at, true) : half;
      const pc = canonical(layout.text.start + at);
      const insn = disassemble(word, pc).replace('\t', ' ');
      const target = /0x[0-9a-f]+$/.exec(insn);
      const callee = target && /^(j|jal|tail|call) /.test(insn) ? names.get(BigInt(target[0])) : undefined;
      const bytes = word
        .toString(16)
        .padStart(size * 2, '0')
        .padEnd(8);
      lines.push(`  ${address(layout.text.start + at)}  ${bytes}  ${insn}${callee ? ` <${callee}>` : ''}`);
      at += size;
    }
  }
  return `${lines.join('\n').trimStart()}\n`;
}

function canonical(low: number): bigint {
  return BigInt.asUintN(64, BigInt(low | 0));
}

function address(low: number): string {
  return hex(canonical(low), ADDRESS_DIGITS).slice(2);
}
