/**
 * Random POSIX shell snippets for comparing shells: grammar-driven, bounded in time and size, a function of the seed.
 * They stay inside their working directory and print most of what they do. Left out on purpose: what POSIX leaves open
 * and no script relies on, such as the text of messages, process numbers and the order of concurrent output.
 */

/** mulberry32: a small generator of good enough quality. */
class Random {
  constructor(private state: number) {}

  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    const item = from[this.below(from.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

const VARIABLES = ['a', 'b', 'c', 'x', 'y', 'z'];
const VALUES = [
  "''",
  'foo',
  "'a b'",
  "' x  y '",
  "'a:b::c'",
  "'*'",
  '12',
  '-3',
  '0',
  "'f1'",
  "'abcabc'",
  "'\\a*'",
  "'a,b'",
  '$1',
  '$#',
];
const LITERALS = ['foo', 'bar', 'a', 'b1', 'x.y', 'A-B', '0', '42', '%', '+', ',', '=', '@', '/', './f1', 'a/b', ':'];
const GLOBS = ['*', 'f*', '?1', '[fd]*', '[!f]*', 'd/*', '*/*', 'nomatch*', '.h*', '[[:alpha:]]?', 'd/[a-x]', '*.y'];
const PATTERNS = [
  '*',
  '?',
  'a*',
  '*b',
  'a',
  '[a-c]',
  '[!a]',
  'f?o',
  '"*"',
  "'a'*",
  '\\*',
  '*:*',
  '[[:digit:]]*',
  'foo|bar',
  '""',
  '*c*',
];
const SEPARATORS = ["':'", "' '", "','", "''", "' :'", "'b'", "': '"];
const BINARY = ['+', '-', '*', '/', '%', '<<', '>>', '<', '<=', '>', '>=', '==', '!=', '&', '|', '^', '&&', '||'];

export class SnippetGenerator {
  private readonly random: Random;
  private loops = 0;
  private hereDocs = 0;
  private files = 0;
  private functions: string[] = [];
  /** Bodies of here-documents, to be written behind the current line. */
  private pending: string[] = [];

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** A whole script: a few files and variables, then commands, then what is left in the variables. */
  script(): string {
    const r = this.random;
    const lines = ['mkdir d; echo one two >f1; printf \'%s\\n\' c b a >f2; echo "x y" >d/a; : >d/x; echo h >.h1'];
    lines.push(VARIABLES.map(v => (r.chance(75) ? `${v}=${r.pick(VALUES)}` : ':')).join('; '));
    lines.push(
      `set -- ${Array.from({ length: r.below(4) }, () => r.pick(["'p q'", 'p1', "''", "'*'", '-n'])).join(' ')}`,
    );
    if (r.chance(15)) lines.push(r.pick(['set -e', 'set -u', 'set -f', 'set -e -u']));
    if (r.chance(12)) lines.push(`trap 'echo bye $?' EXIT`);
    if (r.chance(25)) lines.push(`IFS=${r.pick(SEPARATORS)}`);
    const count = 2 + r.below(5);
    for (let i = 0; i < count; i++) lines.push(this.line(3));
    lines.push('echo "status $? $#" "$a|$b|${c-unset}|$x|$y|$z" "$*"');
    return `${lines.join('\n')}\n`;
  }

  /** A command and the here-documents that it began. */
  private line(depth: number): string {
    const outer = this.pending;
    this.pending = [];
    const text = [this.command(depth), ...this.pending].join('\n');
    this.pending = outer;
    return text;
  }

  private variable(): string {
    return this.random.pick(VARIABLES);
  }

  private list(depth: number): string {
    const lines = Array.from({ length: 1 + this.random.below(2) }, () => this.line(depth - 1));
    return lines.join('\n');
  }

  private command(depth: number): string {
    const r = this.random;
    if (depth <= 0) return this.simple(depth);
    const kinds: (() => string)[] = [
      () => this.simple(depth),
      () => this.simple(depth),
      () => this.simple(depth),
      () =>
        `if ${this.condition(depth)}; then\n${this.list(depth)}\n${r.chance(50) ? `else\n${this.list(depth)}\n` : ''}fi`,
      () => this.forLoop(depth),
      () => this.whileLoop(depth),
      () => this.caseCommand(depth),
      () => `{\n${this.list(depth)}\n}${this.redirection()}`,
      () => `(\n${this.list(depth)}\n)${this.redirection()}`,
      () => `${this.short(depth)} && ${this.short(depth)}`,
      () => `${this.short(depth)} || ${this.short(depth)}`,
      () => `! ${this.short(depth)}`,
      () =>
        `${this.short(depth)} | ${r.pick(['cat', 'sort', 'tr a-c A-C', `while read -r a b; do echo "[$a][$b]"; done`, '{ read x; echo "$x"; }'])}`,
      () => this.functionUse(depth),
      () => `eval '${this.plain()}'${r.chance(30) ? ` "echo \\"\\$${this.variable()}\\""` : ''}`,
      () => this.hereDoc(),
      () => `(exit ${r.below(5)}); echo $?`,
      () => `${this.short(depth)} & wait $!; echo "waited $?"`,
    ];
    return r.pick(kinds)();
  }

  /** One that fits into a line with others. */
  private short(depth: number): string {
    const r = this.random;
    const kinds: (() => string)[] = [
      () => this.echo(depth),
      () => r.pick(['true', 'false', ':']),
      () => `[ ${this.test()} ]`,
      () => `{ ${this.echo(depth)}; ${r.pick(['true', 'false'])}; }`,
      () => `(${this.echo(depth)}; exit ${r.below(3)})`,
      () => this.assignment(depth),
    ];
    return r.pick(kinds)();
  }

  private simple(depth: number): string {
    const r = this.random;
    const kinds: (() => string)[] = [
      () => this.echo(depth) + this.redirection(),
      () => this.echo(depth),
      () => this.printf(depth),
      () => `for i in ${this.words(depth)}; do echo "<$i>"; done`,
      () => this.assignment(depth),
      () => `${this.assignment(depth)} ${r.pick(['true', ':', 'eval "echo \\$a"', 'env | grep "^[a-c]="', 'cat f1'])}`,
      () => `set -- ${this.words(depth)}; echo $#`,
      () => `[ $# -gt 0 ] && shift; echo $#`,
      () => `${r.pick(['cat', 'wc -l', 'read x y'])} <${r.pick(['f1', 'f2', 'd/a'])}`,
      () => `unset ${this.variable()}`,
      () =>
        `IFS=${r.pick(SEPARATORS)} read ${r.pick(['x', 'x y', 'a b c'])} <<E\n${r.pick(['a:b:c', ' a  b c ', 'a,b\\ c', ':x: y:', 'one'])}\nE`,
      () => `x=$${this.variable()}; echo "$x" $x`,
      () => `case ${this.word(depth)} in ${r.pick(PATTERNS)}) echo yes;; *) echo no;; esac`,
      () => `test ${this.test()}; echo $?`,
      () => `IFS=${r.pick(SEPARATORS)}`,
      () => `command ${this.echo(depth)}`,
      () => `echo ${r.pick(GLOBS)} ${r.pick(GLOBS)}`,
    ];
    return r.pick(kinds)();
  }

  private echo(depth: number): string {
    return `echo ${this.words(depth)}`;
  }

  /** Free of single quotes and new lines. */
  private plain(): string {
    const v = this.variable();
    return this.random.pick([
      `echo $${v} "$${v}"`,
      `${v}=5; echo $(($${v}+1))`,
      `echo "$@" $#`,
      `set -- a $${v}; echo $2`,
      'false',
    ]);
  }

  private printf(depth: number): string {
    const format = this.random.pick([
      "'%s|'",
      "'[%s] %s\\n'",
      "'%5s%-5s|\\n'",
      "'%d %x\\n'",
      "'%b\\n'",
      "'%.2s,%c\\n'",
      "'%03d\\n'",
    ]);
    const operands = /[dx]/.test(format) ? '7 0x1f 010' : this.words(depth);
    return `printf ${format} ${operands}; echo`;
  }

  private assignment(depth: number): string {
    return `${this.variable()}=${this.random.chance(70) ? this.word(depth) : this.random.pick(VALUES)}`;
  }

  private test(): string {
    const r = this.random;
    const v = `"$${this.variable()}"`;
    const kinds = [
      `-n ${v}`,
      `-z ${v}`,
      `${v} = foo`,
      `${v} != "a b"`,
      `$# -gt 1`,
      `-f ${r.pick(['f1', 'd', 'nosuch'])}`,
    ];
    kinds.push(`-d d`, `! -e nosuch`, `${r.below(5)} -lt ${r.below(5)}`, `${v}`, `a = a -a ${v} = b`, `-s f1 -o -n ""`);
    return r.pick(kinds);
  }

  private condition(depth: number): string {
    return this.random.chance(60) ? `[ ${this.test()} ]` : this.short(depth);
  }

  private redirection(): string {
    const r = this.random;
    if (r.chance(70)) return '';
    // A file of its own: what is written to it must not be read into it.
    const out = `out${++this.files}`;
    const choices = [` >${out}; cat ${out}`, ` >>${out}; cat ${out}`, ` >${out} 2>&1; cat ${out}`, ' 3>&1 >&3'];
    return r.pick([...choices, ' 2>&1', ' 2>/dev/null', ' <f2', ' >&2']);
  }

  private forLoop(depth: number): string {
    const r = this.random;
    const name = `i${++this.loops}`;
    const jump = r.chance(25)
      ? `[ "$${name}" = ${r.pick(['b', 'foo', '2'])} ] && ${r.pick(['break', 'continue', 'break 2', 'continue 2'])}\n`
      : '';
    const words = r.chance(15) ? '' : ` in ${this.words(depth)} ${r.pick(['1 2 3', 'a b', ''])}`;
    return `for ${name}${words}; do\necho "$${name}"\n${jump}${this.list(depth)}\ndone`;
  }

  private whileLoop(depth: number): string {
    const r = this.random;
    const name = `n${++this.loops}`;
    const n = 1 + r.below(3);
    const test = r.chance(70) ? `while [ $${name} -lt ${n} ]` : `until [ $${name} -ge ${n} ]`;
    const jump = r.chance(25) ? `[ $${name} = 1 ] && ${r.pick(['break', 'continue'])}\n` : '';
    return `${name}=0\n${test}; do\n${name}=$(($${name}+1))\n${jump}${this.list(depth)}\ndone`;
  }

  private caseCommand(depth: number): string {
    const r = this.random;
    const item = (): string => `${r.chance(30) ? '(' : ''}${r.pick(PATTERNS)})\n${this.list(depth)}\n;;`;
    const items = Array.from({ length: 1 + r.below(3) }, item);
    return `case ${this.word(depth)} in\n${items.join('\n')}\nesac`;
  }

  private functionUse(depth: number): string {
    const r = this.random;
    if (this.functions.length > 0 && r.chance(50))
      return `${r.pick(this.functions)} ${this.words(depth)}; echo "returned $?"`;
    const name = `fn${++this.loops}`;
    const local = r.chance(40) ? `local ${this.variable()}=${r.pick(VALUES)} ${this.variable()}\n` : '';
    const end = r.chance(40) ? `\nreturn ${r.below(4)}` : '';
    // Its body must not call what is defined later: known functions only.
    const body = `${local}echo "$# $1"\n${this.list(depth)}${end}`;
    this.functions.push(name);
    return `${name}() {\n${body}\n}\n${name} ${this.words(depth)}; echo "returned $?"`;
  }

  private hereDoc(): string {
    const r = this.random;
    const mark = `E${++this.hereDocs}`;
    const v = this.variable();
    const body = r.pick([
      `text $${v} $((1+2))`,
      `"$${v}" \`echo bq\` \\$x \\\\ \\q`,
      `\${${v}:-dflt} $(echo sub)`,
      "it's $#",
      `\${${v}%b*} "\${${v}+q}"`,
    ]);
    this.pending.push(body, mark);
    return `cat <<${r.chance(25) ? `'${mark}'` : mark}`;
  }

  private words(depth: number): string {
    return Array.from({ length: 1 + this.random.below(3) }, () => this.word(depth)).join(' ');
  }

  private word(depth: number): string {
    const parts = Array.from({ length: this.random.chance(65) ? 1 : 2 }, () => this.part(depth));
    return parts.join('');
  }

  private part(depth: number): string {
    const r = this.random;
    const kinds: (() => string)[] = [
      () => r.pick(LITERALS),
      () => r.pick(LITERALS),
      () => `'${r.pick(['a b', '$x', '*', '', '"', '\\'])}'`,
      () => `"${this.quoted(depth)}"`,
      () => `"${this.quoted(depth)}"`,
      () => `\\${r.pick(['*', ' ', '$', 'a', '"', "'", '\\', ';'])}`,
      () => `$${r.pick([...VARIABLES, '1', '2', '#', '@', '*', '?'])}`,
      () => this.parameter(depth, false),
      () => this.parameter(depth, false),
      () => this.arithmetic(depth),
      () => (depth > 0 ? this.substitution(depth) : '$x'),
    ];
    return r.pick(kinds)();
  }

  private quoted(depth: number): string {
    const r = this.random;
    const kinds: (() => string)[] = [
      () => r.pick(['a  b', '*', "'", '', '\\"', '\\$x', '\\\\', '~', '#', 'a\\b']),
      () => `$${r.pick([...VARIABLES, '1', '#', '@', '*', '?'])}`,
      () => this.parameter(depth, true),
      () => this.arithmetic(depth),
      () => (depth > 0 ? this.substitution(depth) : '$y'),
    ];
    return Array.from({ length: 1 + r.below(2) }, () => r.pick(kinds)()).join(r.pick(['', ' ']));
  }

  private parameter(depth: number, isQuoted: boolean): string {
    const r = this.random;
    const v = r.chance(85) ? this.variable() : r.pick(['1', '2', '#']);
    const operand = (): string => {
      if (depth <= 0) return r.pick(['w', '', 'u v']);
      const nested = r.pick([
        () => r.pick(['w', 'u v', '', '*']),
        () => `$${this.variable()}`,
        () => `"${this.quoted(depth - 2)}"`,
      ]);
      return isQuoted ? r.pick(['w', 'u v', '', `$${this.variable()}`]) : nested();
    };
    const pattern = r.pick(['*', '?', 'a*', '*b', '[ab]', '"*"', "'a'", 'x', '*:', ' *', `$${this.variable()}`]);
    const trim = r.pick(['%', '%%', '#', '##']);
    // Assignment to a positional parameter is an error on purpose, now and then.
    return r.pick([
      () => `\${${v}}`,
      () => `\${#${v}}`,
      () => `\${${v}${r.pick(['-', ':-', '+', ':+'])}${operand()}}`,
      () => `\${${this.variable()}${r.pick(['=', ':='])}${operand()}}`,
      () => `\${${this.variable()}${trim}${pattern}}`,
      () => `\${${this.variable()}${trim}${pattern}}`,
      () => `\${${v}${r.chance(20) ? r.pick(['?', ':?']) : '-'}${operand()}}`,
    ])();
  }

  private substitution(depth: number): string {
    const r = this.random;
    const inner = r.pick([
      () => this.echo(depth - 2),
      () => `printf '%s\\n' a 'b c' ''`,
      () => 'cat f2',
      () => `exit ${r.below(3)}`,
      () => `echo "$@"`,
      () => `if [ ${this.test()} ]; then echo T; else echo F; fi`,
      () => `case $${this.variable()} in a*) echo A;; *) echo O;; esac`,
    ]);
    return r.chance(85) ? `$(${inner()})` : '`echo bq $x; echo \\$y`';
  }

  private arithmetic(depth: number): string {
    return `$((${this.expression(Math.min(depth, 2))}))`;
  }

  private expression(depth: number): string {
    const r = this.random;
    if (depth <= 0 || r.chance(30)) return r.pick(['1', '2', '7', '0', '010', '0x1f', '$#', 'n', 'k', '-3']);
    const e = (): string => this.expression(depth - 1);
    return r.pick([
      () => `${e()} ${r.pick(BINARY)} ${e()}`,
      () => `(${e()} ${r.pick(BINARY)} ${e()})`,
      () => `${r.pick(['!', '~', '- ', '+ '])}${e()}`,
      () => `(${e()} ? ${e()} : ${e()})`,
      () => `(k ${r.pick(['=', '+=', '-=', '*=', '|=', '&=', '^='])} ${e()})`,
    ])();
  }
}

/** The snippet of one seed. */
export function snippet(seed: number): string {
  return new SnippetGenerator(seed).script();
}
