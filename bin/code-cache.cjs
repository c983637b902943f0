/**
 * A bundled program, compiled: from what V8 made of it when the package was built, if there is such a file, and it is of
 * these very bytes and this very Node. A start then neither parses nor compiles. V8 checks once more what it is given, and
 * compiles where it does not like that.
 */
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

/** In front of the code: what it was made of. */
const KEY_BYTES = 128;
/** The build ends a bundle with a comment of this length that says what is in it. */
const STAMP_CHARACTERS = 68;

const cacheOf = program => `${program}.cache`;

function keyOf(source) {
  const key = `${source.slice(-STAMP_CHARACTERS)}${process.version} ${process.platform} ${process.arch}`;
  return Buffer.from(key.padEnd(KEY_BYTES)).subarray(0, KEY_BYTES);
}

/** A Script whose value is a function of (require, file name); undefined when there is no such program. */
exports.compile = program => {
  const source = read(program)?.toString();
  if (source === undefined) return undefined;
  const cache = read(cacheOf(program));
  const isOurs = cache !== undefined && keyOf(source).equals(cache.subarray(0, KEY_BYTES));
  return new Script(`(function (require, __filename) { 'use strict';${source}\n})`, {
    filename: program,
    ...(isOurs ? { cachedData: cache.subarray(KEY_BYTES) } : {}),
  });
};

/** Keeps what V8 has compiled of the program so far. */
exports.save = (program, script) => {
  writeFileSync(cacheOf(program), Buffer.concat([keyOf(read(program).toString()), script.createCachedData()]));
};

function read(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
