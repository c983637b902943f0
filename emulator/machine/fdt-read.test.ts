import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, viewOf } from '../base/bytes.ts';
import { UserError } from '../base/user-error.ts';
import { updatedBlob } from './device-tree.ts';
import { readFdt } from './fdt-read.ts';
import { FdtNode } from './fdt.ts';
import { Machine } from './machine.ts';
import { Program, testConfig } from './test-kernel.ts';

const hasDtc = spawnSync('dtc', ['--version']).status === 0;

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCXYZ';
const nameOf = (alphabet: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...LETTERS), fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }))
    .map(([first, rest]) => first + rest.join(''));
const unique = fc.uniqueArray(nameOf(`${LETTERS}0123456789,._+-`), { maxLength: 5 });

interface Plain {
  readonly props: readonly (readonly [string, Uint8Array])[];
  readonly nodes: readonly (readonly [string, Plain])[];
}

const { tree: trees } = fc.letrec<{ tree: Plain }>(tie => ({
  tree: fc.record({
    props: fc
      .uniqueArray(nameOf(`${LETTERS}0123456789,._+?#-`), { maxLength: 5 })
      .chain(names =>
        fc.tuple(...names.map(name => fc.uint8Array({ maxLength: 20 }).map(value => [name, value] as const))),
      ),
    nodes: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.constant([]),
      unique.chain(names => fc.tuple(...names.map(name => tie('tree').map(node => [`${name}@1f`, node] as const)))),
    ),
  }),
}));
const reservationLists = fc.array(
  fc.record({ address: fc.bigInt(1n, (1n << 64n) - 1n), size: fc.bigInt(0n, (1n << 64n) - 1n) }),
  { maxLength: 3 },
);

function fill(node: FdtNode, { props, nodes }: Plain): FdtNode {
  for (const [name, value] of props) node.prop(name, value);
  for (const [name, below] of nodes) fill(node.child(name), below);
  return node;
}

const plain = (node: FdtNode): Plain => ({
  props: node.properties.map(({ name, value }) => [name, value]),
  nodes: node.nodes.map(below => [below.name, plain(below)]),
});

test('what is written is read, and written again byte for byte', () => {
  fc.assert(
    fc.property(trees, reservationLists, fc.nat(7), (tree, reservations, bootHart) => {
      const blob = fill(new FdtNode(''), tree).toBlob({ reservations, bootHart });
      const found = readFdt(blob, 'f');
      expect(plain(found.root)).toEqual(tree);
      expect(found).toMatchObject({ reservations, bootHart });
      expect(found.root.toBlob(found)).toEqual(blob);
    }),
    { numRuns: 300, seed: 1 },
  );
});

const dtc = (from: string, to: string, input: Uint8Array, ...more: string[]): Buffer => {
  const { status, stdout, stderr } = spawnSync('dtc', ['-q', '-f', '-I', from, '-O', to, ...more], { input });
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
  return stdout;
};

describe.skipIf(!hasDtc)('beside dtc', () => {
  const sources = fc.sample(trees, { numRuns: 25, seed: 2 });

  test('dtc reads ours, and we what dtc makes of it: both versions, padded, with reservations', () => {
    for (const tree of sources) {
      const blob = fill(new FdtNode(''), tree).toBlob({ reservations: [{ address: 0x8000_0000n, size: 4096n }] });
      const text = dtc('dtb', 'dts', blob);
      for (const more of [[], ['-V', '16'], ['-p', '4096'], ['-R', '5'], ['-b', '3']]) {
        const theirs = dtc('dts', 'dtb', text, ...more);
        const found = readFdt(theirs, 'theirs');
        expect(plain(found.root)).toEqual(tree);
        expect(found.reservations).toEqual([{ address: 0x8000_0000n, size: 4096n }]);
        expect(found.bootHart).toBe(more[0] === '-b' ? 3 : 0);
      }
    }
  });
});

describe('what is wrong with a blob is said', () => {
  const root = new FdtNode('');
  root.prop('model', 'board');
  root.child('chosen').prop('p', 1);
  const good = root.toBlob();
  const STRUCTURE = 40 + 16;
  /** FDT_BEGIN_NODE and an empty name, FDT_PROP, length, name, "board" in 8 bytes; then the node. */
  const PROP = STRUCTURE + 8;
  const NODE = PROP + 20;
  const END = NODE + 12 + 16 + 4 + 4;

  const withWords = (words: Record<number, number>): Uint8Array => {
    const bytes = good.slice();
    for (const [at, value] of Object.entries(words)) viewOf(bytes).setUint32(Number(at), value);
    return bytes;
  };

  test.each<[string, Uint8Array]>([
    ['20 bytes are too few for a header', good.slice(0, 20)],
    ['magic is 0xedfe0dd0', withWords({ 0: 0xedfe_0dd0 })],
    ['totalsize is', withWords({ 4: good.length + 4 })],
    ['totalsize is 8', withWords({ 4: 8 })],
    ['the structure block starts at 57, not a multiple of 4', withWords({ 8: STRUCTURE + 1 })],
    ['the structure block, ', withWords({ 8: 4 })],
    ['the strings block, ', withWords({ 12: 0xffff_fff0 })],
    ['the memory reservation block starts at 44, not a multiple of 8', withWords({ 16: 44 })],
    ['the memory reservation block has no end', withWords(Object.fromEntries(range(40, good.length & ~3)))],
    ['version 15', withWords({ 20: 15, 24: 15 })],
    ['version 18 (compatible to 18)', withWords({ 20: 18, 24: 18 })],
    ['version 16 (compatible to 17)', withWords({ 20: 16, 24: 17 })],
    ['starts inside of the', withWords({ 12: STRUCTURE + 8 })],
    ['byte 56: 0x7 is no token', withWords({ [STRUCTURE]: 7 })],
    ['byte 56: no root', withWords({ [STRUCTURE]: 9 })],
    ['the end of a node that has not begun', withWords({ [STRUCTURE]: 2 })],
    ['a property outside of all nodes', withWords({ [STRUCTURE]: 3 })],
    ['"a" is no name of a node', withWords({ [STRUCTURE + 4]: 0x6100_0000 })],
    ['property model, 4294967295 bytes, reaches beyond', withWords({ [PROP + 4]: 0xffff_ffff })],
    ['at 99 of the strings, has no end', withWords({ [PROP + 8]: 99 })],
    ['"" is no name of a property', withWords({ [PROP + 8]: 5 })],
    ['"ch/sen" is no name of a node', withWords({ [NODE + 4]: 0x6368_2f73 })],
    ['a second root', withWords({ [END]: 1 })],
    ['the end inside of node ""', withWords({ [END - 4]: 9 })],
    ['the end, 8 bytes before the end of the block', withEndEarly()],
    ['nested more than 64 deep', deep(65)],
    ['a second node a', twice('a', 'a')],
    ['a second property a', twice('a', 'a', true)],
    ['a node whose name has no end', twice('x'.repeat(256), 'y')],
    ['property a behind a node', late()],
  ])('%s', (message, blob) => {
    expect(() => readFdt(blob, 'x.dtb')).toThrow(
      expect.objectContaining({
        name: 'UserError',
        message: expect.stringMatching(
          new RegExp(`^device tree x.dtb: .*${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 's'),
        ) as string,
      }),
    );
  });

  test('64 deep and a name of 255 bytes are in order', () => {
    readFdt(deep(64), 'f');
    readFdt(twice('x'.repeat(255), 'y'), 'f');
  });

  function* range(from: number, to: number): Iterable<[number, number]> {
    for (let at = from; at < to; at += 4) yield [at, 1];
  }
  function withEndEarly(): Uint8Array {
    const strings = good.subarray(END + 4);
    const out = concatBytes([good.subarray(0, END + 4), new Uint8Array(4), strings]);
    const view = viewOf(out);
    view.setUint32(4, out.length);
    view.setUint32(12, END + 8);
    view.setUint32(36, view.getUint32(36) + 4);
    return out;
  }
  function deep(levels: number): Uint8Array {
    const top = new FdtNode('');
    for (let node = top, i = 1; i < levels; i++) node = node.child('n');
    return top.toBlob();
  }
  function twice(a: string, b: string, isProp = false): Uint8Array {
    const top = new FdtNode('');
    for (const name of [a, b])
      if (isProp) top.prop(name);
      else top.child(name);
    return top.toBlob();
  }
  /** Its first node has become a property's place: the nodes' tokens are NOPs but one. */
  function late(): Uint8Array {
    const top = new FdtNode('');
    top.child('n');
    top.prop('a');
    const blob = top.toBlob();
    const view = viewOf(blob);
    const words = [1, 0, 1, 0x6e00_0000, 2, 3, 0, 0, 2, 9];
    words.forEach((word, i) => view.setUint32(STRUCTURE + 4 * i, word));
    return blob;
  }
});

describe("the user's own tree", () => {
  const inputs = {
    append: 'new',
    rngSeed: new Uint8Array(32).fill(7),
    initrd: { start: 0x8400_0000, end: 0x8400_1000 },
  };
  const own = (): FdtNode => {
    const root = new FdtNode('');
    root.prop('model', 'mine');
    return root;
  };

  test('of /chosen, what was asked for is replaced, all else stays', () => {
    const root = own();
    const chosen = root.child('chosen');
    chosen.prop('bootargs', 'old');
    chosen.prop('mine', 1);
    const reservations = [{ address: 1n << 40n, size: 4096n }];
    const blob = root.toBlob({ reservations, bootHart: 1 });
    const found = readFdt(updatedBlob({ name: 'f', bytes: blob }, inputs), 'f');
    expect(found).toMatchObject({ reservations, bootHart: 1 });
    const expected = own();
    const props = expected.child('chosen');
    props.prop('bootargs', 'new');
    props.prop('mine', 1);
    props.prop('rng-seed', inputs.rngSeed);
    props.prop('linux,initrd-start', 0x8400_0000);
    props.prop('linux,initrd-end', 0x8400_1000);
    expect(plain(found.root)).toEqual(plain(expected));
    const quiet = readFdt(updatedBlob({ name: 'f', bytes: blob }, { append: '', rngSeed: inputs.rngSeed }), 'f');
    expect(quiet.root.nodes[0]!.properties[0]!.value).toEqual(new TextEncoder().encode('old\0'));
  });

  test('without /chosen it is refused, as by QEMU', () => {
    expect(() => updatedBlob({ name: 'f', bytes: own().toBlob() }, inputs)).toThrow(
      'device tree f: it has no node /chosen',
    );
  });

  test('the guest finds it at power-on and after a reset, each time with another seed', () => {
    const root = own();
    root.child('chosen');
    const dtb = { name: 'f', bytes: root.toBlob() };
    const machine = new Machine(testConfig(new Program().spin(), { dtb, append: 'hi', isRebootRefused: false }));
    const first = machine.powerOn();
    const inGuest = (): Uint8Array => machine.ram.bytes(machine.cpu.getRegNumber(11), first.length);
    expect(inGuest()).toEqual(first);
    expect(readFdt(first, 'f').root.properties[0]!.value).toEqual(new TextEncoder().encode('mine\0'));
    machine.ram.write(machine.cpu.getRegNumber(11), new Uint8Array(first.length));
    machine.requestReset();
    machine.advance(1);
    const second = readFdt(inGuest().slice(), 'f');
    const seeds = [readFdt(first, 'f'), second].map(tree => tree.root.nodes[0]!.properties[1]!);
    expect(seeds.map(({ name }) => name)).toEqual(['rng-seed', 'rng-seed']);
    expect(seeds[0]!.value).not.toEqual(seeds[1]!.value);
  });

  test('a bad one keeps the machine from starting', () => {
    const dtb = { name: 'bad.dtb', bytes: new Uint8Array(100) };
    const machine = new Machine(testConfig(new Program().spin(), { dtb }));
    expect(() => machine.powerOn()).toThrow(UserError);
    expect(() => machine.powerOn()).toThrow('device tree bad.dtb: magic');
  });
});
