import { expect, test } from 'vitest';
import { concatBytes } from '../../base/bytes.ts';
import { Machine } from '../machine.ts';
import { Program, testConfig } from '../test-kernel.ts';
import { encodeSection, END, fileHeader, readSections } from './file.ts';
import { loadSnapshot, restoreSnapshot } from './load.ts';
import { saveSnapshot } from './save.ts';

function machine(): Machine {
  const made = new Machine(testConfig(new Program().spin()));
  made.powerOn();
  return made;
}

const host = {
  openDrive: (): never => {
    throw new Error('the machine has no drives');
  },
};

/** The file of a program that did not know the section yet. */
function without(file: Uint8Array, name: string): Uint8Array {
  const sections = readSections(file).map(section => ({ ...section, data: section.data() }));
  expect(sections.map(section => section.name)).toContain(name);
  const left = [
    ...sections.filter(section => section.name !== name),
    { name: END, version: 1, data: new Uint8Array(0) },
  ];
  return concatBytes([fileHeader(), ...left.map(encodeSection)]);
}

test.each(['boot rom', 'time', 'hart 0', 'entropy'])(
  'a file without the section %s, as an older one may be, is refused by its name and changes nothing',
  name => {
    const running = machine();
    const older = without(saveSnapshot(running), name);
    const before = running.saveState();
    expect(() => loadSnapshot(older, host)).toThrow(`snapshot: section ${name}: missing`);
    expect(() => restoreSnapshot(running, older)).toThrow(`snapshot: section ${name}: missing`);
    expect(running.saveState()).toEqual(before);
  },
);
