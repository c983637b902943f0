/** A tree as text, for a person who looks for the bug. */
import { MEMORY_OPS, SIMPLE_OPS } from '../wasm/wasm-ops.ts';
import type { Node, Tree } from './tree.ts';

export function printTree(tree: Tree): string {
  const used = usedFunctions(tree);
  const lines = tree.globals.map(({ type, init }, i) => `global ${i}: ${type} = 0x${init.toString(16)}`);
  lines.push(`table: ${tree.table.map(f => f ?? 'null').join(' ')}`);
  tree.functions.forEach(({ signature, locals, body }, i) => {
    if (!used.has(i)) return;
    const { params, result } = tree.signatures[signature]!;
    lines.push(`function ${i} type ${signature} (${params.join(' ')}) -> ${result}, locals ${locals.join(' ')}`);
    lines.push(printNode(body, 1));
  });
  return lines.join('\n');
}

/** Function 0 and whatever calls or the table may reach from it. */
function usedFunctions(tree: Tree): Set<number> {
  const used = new Set<number>();
  const visit = (index: number): void => {
    if (used.has(index)) return;
    used.add(index);
    const walk = (n: Node): void => {
      if (n.op === 'call') visit(n.imm);
      if (n.op === 'indirect') tree.table.forEach(f => f !== null && visit(f));
      n.kids.forEach(walk);
    };
    walk(tree.functions[index]!.body);
  };
  visit(0);
  return used;
}

function printNode(n: Node, indent: number): string {
  const pad = '  '.repeat(indent);
  const head = `${pad}(${label(n)}`;
  if (n.kids.length === 0) return `${head})`;
  const kids = n.kids.map(kid => printNode(kid, indent + 1));
  const inline = `${head} ${kids.map(kid => kid.trim()).join(' ')})`;
  return inline.length <= 110 && !inline.includes('\n') ? inline : `${head}\n${kids.join('\n')})`;
}

function label(n: Node): string {
  switch (n.op) {
    case 'const':
      return `${n.type}.const 0x${n.bits.toString(16)}`;
    case 'simple': {
      const { op, params, result } = SIMPLE_OPS.get(n.imm)!;
      return `${op}:${params[0]}->${result}`;
    }
    case 'load':
    case 'store':
      return `${MEMORY_OPS.get(n.imm)!.op}:${n.op} +${n.imm2}`;
    case 'brTable':
      return `brTable ${n.labels.join(' ')}`;
    case 'select':
    case 'sequence':
    case 'if':
    case 'return':
    case 'drop':
    case 'copy':
    case 'fill':
    case 'memorySize':
    case 'unreachable':
      return n.type === 'void' ? n.op : `${n.op}:${n.type}`;
    default:
      return `${n.op} ${n.imm}${n.type === 'void' ? '' : `:${n.type}`}`;
  }
}
