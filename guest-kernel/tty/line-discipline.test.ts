import { beforeEach, expect, test } from "vitest";
import { loadAs, type AsModule } from "../../test/lib/as-wasm.ts";

interface Exports {
  ioAddress(): number;
  type(c: number): void;
  read(n: number): number;
  isReadable(minimum: number): number;
  available(): number;
  takeEcho(): number;
  signal(): number;
  isStopped(): number;
  setLflag(set: number, clear: number): void;
  setUtf8(): void;
}

const ICANON = 0o2;
const ECHO = 0o10;
const ECHOE = 0o20;
let tty: AsModule<Exports>;

beforeEach(async () => {
  tty = await loadAs<Exports>("guest-kernel/tty/line-discipline.test.as.ts");
});

const type = (text: string): void => Buffer.from(text).forEach(c => tty.exports.type(c));
const bytes = (off: number, n: number): string =>
  Buffer.from(tty.memory.buffer, tty.exports.ioAddress() + off, n).toString();
const read = (n = 4096): string => bytes(0, tty.exports.read(n));
const echo = (): string => bytes(4096, tty.exports.takeEcho());

test("a line becomes readable at its newline, CR counts as one, and both are echoed as CR LF", () => {
  type("ab");
  expect(tty.exports.isReadable(1)).toBe(0);
  type("c\r");
  expect(tty.exports.isReadable(1)).toBe(1);
  expect(echo()).toBe("abc\r\n");
  expect(read()).toBe("abc\n");
});

test("a read takes one line, and a short read leaves the rest of it", () => {
  type("one\ntwo\n");
  expect(read(2)).toBe("on");
  expect(read()).toBe("e\n");
  expect(read()).toBe("two\n");
  expect(tty.exports.isReadable(1)).toBe(0);
});

test("erase, word erase and kill edit the line and the screen", () => {
  type("ab\x7fc foo\x17\n");
  expect(read()).toBe("ac \n");
  echo();
  type("xyz\x15ok\n");
  expect(echo()).toBe(`xyz${"\b \b".repeat(3)}ok\r\n`);
  expect(read()).toBe("ok\n");
});

test("erasing a control character and a tab removes the columns that they took", () => {
  type("a\x01\x7f");
  expect(echo()).toBe("a^A\b \b\b \b");
  type("\t\x7f");
  expect(echo()).toBe(`\t${"\b \b".repeat(7)}`);
});

test("with IUTF8 erase takes a whole character", () => {
  tty.exports.setUtf8();
  type("é\x7fx\n");
  expect(echo()).toBe("é\b \bx\r\n");
  expect(read()).toBe("x\n");
});

test("VEOF ends a line without being read, and alone is an end of file", () => {
  type("ab\x04");
  expect(read()).toBe("ab");
  type("\x04");
  expect(tty.exports.isReadable(1)).toBe(1);
  expect(tty.exports.read(10)).toBe(0);
  type("abc\x04");
  expect(read(3)).toBe("abc");
  expect(tty.exports.isReadable(1)).toBe(0);
});

test("INTR, QUIT and SUSP signal, are echoed, and throw the line away", () => {
  type("junk\x03");
  expect(tty.exports.signal()).toBe(2);
  expect(echo()).toBe("junk^C");
  type("\x1c");
  expect(tty.exports.signal()).toBe(3);
  type("\x1a");
  expect(tty.exports.signal()).toBe(20);
  type("x\n");
  expect(read()).toBe("x\n");
});

test("START and STOP", () => {
  type("\x13");
  expect(tty.exports.isStopped()).toBe(1);
  type("\x11");
  expect(tty.exports.isStopped()).toBe(0);
});

test("LNEXT takes the next byte as it is", () => {
  type("a\x16\x03b\n");
  expect(tty.exports.signal()).toBe(0);
  expect(read()).toBe("a\x03b\n");
});

test("raw mode hands bytes over as they come", () => {
  tty.exports.setLflag(0, ICANON | ECHO);
  type("ab");
  expect(echo()).toBe("");
  expect(tty.exports.isReadable(3)).toBe(0);
  expect(tty.exports.available()).toBe(2);
  expect(read()).toBe("ab");
});

test("what was typed is readable after a switch to raw mode", () => {
  type("half");
  tty.exports.setLflag(0, ICANON);
  expect(read()).toBe("half");
});

test("a line longer than the buffer is cut and still ends", () => {
  tty.exports.setLflag(0, ECHO);
  type(`${"x".repeat(5000)}\n`);
  expect(read()).toBe(`${"x".repeat(4095)}\n`);
  type("next\n");
  expect(read()).toBe("next\n");
});

test("without ECHOE the erase character itself is echoed", () => {
  tty.exports.setLflag(0, ECHOE);
  type("a\x7f");
  expect(echo()).toBe("a^?");
});
