import { beforeEach, expect, test } from 'vitest';
import { EscapeKeys } from './escape-keys.ts';
import { LineEditor } from './line-editor.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let heard: string[];
let keys: EscapeKeys;

beforeEach(() => {
  heard = [];
  keys = new EscapeKeys({
    onText: text => heard.push(new TextDecoder().decode(text)),
    onKey: key => heard.push(`<${key}>`),
  });
});

test('text goes through; Ctrl-A and a key is for us', () => {
  keys.push(bytes('ab\x01xcd\x01c\x01h'));
  expect(heard).toEqual(['ab', '<quit>', 'cd', '<monitor>', '<help>']);
});

test('the two keys may come apart', () => {
  keys.push(bytes('\x01'));
  expect(heard).toEqual([]);
  keys.push(bytes('x'));
  expect(heard).toEqual(['<quit>']);
});

test('Ctrl-A twice sends one; an unknown key is dropped', () => {
  keys.push(bytes('\x01\x01\x01zq'));
  expect(heard).toEqual(['\x01q']);
});

test('the monitor’s line: erase, kill, enter', () => {
  const lines: string[] = [];
  let shown = '';
  const editor = new LineEditor(
    text => (shown += text),
    line => lines.push(line),
  );
  editor.push(bytes('inx\x7ffo\rjunk\x15quit\n\x7f\r'));
  expect(lines).toEqual(['info', 'quit', '']);
  expect(shown).toContain('\b \b');
});
