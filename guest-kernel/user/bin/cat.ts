/** cat: concatenates files. tee: copies standard input to files, too. */
import { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from "../../abi/fcntl";
import { Bytes, b } from "../../lib/bytes";
import { Input, openError } from "../libc/input";
import { Options } from "../libc/options";
import { stdout } from "../libc/out";
import { fails } from "../libc/program";
import { close, open, read, writeAll } from "../libc/sys";

const SIZE: usize = 65536;
const buffer: usize = memory.data(65536);

export function cat(args: Bytes[]): i32 {
  const o = new Options(args, "nuAvet", "number=n");
  let numbers = false;
  for (let c = o.next(); c != 0; c = o.next()) if (c == 0x6e) numbers = true;
  if (o.isBad) return 1;
  const files = o.rest();
  if (files.length == 0) files.push(b("-"));
  let status = 0;
  let line = 0;
  for (let i = 0; i < files.length; i++) {
    const input = Input.open(files[i]);
    if (!input) {
      status = fails(files[i], openError);
      continue;
    }
    if (numbers) {
      for (let s = input.line(); s; s = input.line()) {
        stdout.dec(++line, 6).byte(9).bytes(s);
        if (input.hadNewline) stdout.line();
      }
      if (input.error != 0) status = fails(files[i], input.error);
    } else {
      let r = read(input.fd, buffer, SIZE);
      for (; r > 0; r = read(input.fd, buffer, SIZE)) {
        const w = writeAll(1, buffer, <usize>r);
        if (w < 0) return fails(b("write error"), w);
      }
      if (r < 0) status = fails(files[i], r);
    }
    input.close();
  }
  return status;
}

export function tee(args: Bytes[]): i32 {
  const o = new Options(args, "ai", "append=a");
  let mode = O_TRUNC;
  for (let c = o.next(); c != 0; c = o.next()) if (c == 0x61) mode = O_APPEND;
  if (o.isBad) return 1;
  const files = o.rest();
  const fds: i32[] = [1];
  let status = 0;
  for (let i = 0; i < files.length; i++) {
    const fd = open(files[i], O_WRONLY | O_CREAT | mode, 0o666);
    if (fd < 0) status = fails(files[i], fd);
    else fds.push(fd);
  }
  for (let r = read(0, buffer, SIZE); r > 0; r = read(0, buffer, SIZE)) {
    for (let i = 0; i < fds.length; i++) {
      const w = writeAll(fds[i], buffer, <usize>r);
      if (w < 0) status = fails(i == 0 ? b("standard output") : files[i - 1], w);
    }
  }
  for (let i = 1; i < fds.length; i++) close(fds[i]);
  return status;
}
