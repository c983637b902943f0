/** truncate -s [+-]SIZE FILE…: sets the size of files. */
import { O_CREAT, O_WRONLY } from "../../abi/fcntl";
import { Bytes } from "../../lib/bytes";
import { isNumber, parseSize } from "../libc/number";
import { Options } from "../libc/options";
import { cannot, complain, complainOf } from "../libc/program";
import { Stat } from "../libc/stat";
import { close, ftruncate, open } from "../libc/sys";

export function truncate(args: Bytes[]): i32 {
  const o = new Options(args, "cs:", "size=s no-create=c");
  let create = O_CREAT;
  let text: Bytes | null = null;
  for (let c = o.next(); c != 0; c = o.next()) {
    if (c == 0x63) create = 0;
    else text = o.value;
  }
  if (o.isBad) return 1;
  if (!text || text.len == 0) return complain("you must specify '-s'");
  const sign = text[0] == 0x2b || text[0] == 0x2d ? text[0] : <u8>0;
  const amount = parseSize(sign ? text.slice(1) : text);
  if (!isNumber) return complainOf(text, "invalid number");
  let status = 0;
  const files = o.rest();
  if (files.length == 0) return complain("missing file operand");
  for (let i = 0; i < files.length; i++) {
    const fd = open(files[i], O_WRONLY | create, 0o666);
    if (fd < 0) {
      if (create == 0 && fd == -2) continue;
      status = cannot("open", files[i], fd);
      continue;
    }
    const st = new Stat();
    st.ofFd(fd);
    const size = sign == 0x2b ? st.size + amount : sign == 0x2d ? max<i64>(st.size - amount, 0) : amount;
    const r = ftruncate(fd, size);
    if (r < 0) status = cannot("truncate", files[i], r);
    close(fd);
  }
  return status;
}
