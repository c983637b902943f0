/** What uname(2) shows. */
import { Bytes, b } from "../lib/bytes";

export const HOST_NAME_MAX: i32 = 64;

class Uts {
  sysname: Bytes = b("Linux");
  nodename: Bytes = b("strata");
  release: Bytes = b("6.12.0-strata");
  version: Bytes = b("#1 Strata");
  machine: Bytes = b("riscv64");
  domainname: Bytes = b("(none)");
}

export const uts = new Uts();
