/** `udp-echo PORT` for Linux: sends every datagram back to where it came from. No program of busybox does. */
import { parseDec } from '../../../guest-kernel/user/libc/number';
import { args, readStartup } from '../../../guest-kernel/user/libc/program';
import { exit, sys } from '../../../guest-kernel/user/libc/sys';

const SOCKET = 198;
const BIND = 200;
const SENDTO = 206;
const RECVFROM = 207;
const AF_INET: u64 = 2;
const SOCK_DGRAM: u64 = 2;
const DATAGRAM_MAX: u64 = 65536;

/** struct sockaddr_in: family u16, port u16 (network order), address u32, 8 bytes of nothing. */
const SOCKADDR_BYTES: u64 = 16;
const address: usize = memory.data(16);
const length: usize = memory.data(4);
const buffer: usize = memory.data(65536);

export function main(sp: u64): void {
  readStartup(sp);
  const port = <u16>parseDec(args[1]);
  const fd = <u64>sys(SOCKET, AF_INET, SOCK_DGRAM);
  store<u16>(address, <u16>AF_INET);
  store<u16>(address + 2, bswap<u16>(port));
  if (sys(BIND, fd, address, SOCKADDR_BYTES) < 0) exit(1);
  for (;;) {
    store<u32>(length, <u32>SOCKADDR_BYTES);
    const count = sys(RECVFROM, fd, buffer, DATAGRAM_MAX, 0, address, length);
    if (count < 0) exit(2);
    sys(SENDTO, fd, buffer, <u64>count, 0, address, SOCKADDR_BYTES);
  }
}
