/** The page that every address space has at TRAMPOLINE: where a signal handler returns to. */
import { Errno } from "../abi/errno";
import { BytesBuilder } from "../lib/bytes";
import { Result, fail } from "../lib/result";
import { allocFrame, getFrame } from "../mm/frames";
import { FrameOut, Pager } from "../mm/pager";

/** li a7, 139 (rt_sigreturn); ecall */
const LI_A7_139: u32 = 0x08b00893;
const ECALL: u32 = 0x00000073;

let frame: usize = 0;

@final
export class TrampolinePager extends Pager {
  page(_index: u64, out: FrameOut): Result {
    if (frame == 0) {
      frame = allocFrame();
      if (frame == 0) return fail(Errno.ENOMEM);
      store<u32>(frame, LI_A7_139);
      store<u32>(frame, ECALL, 4);
    }
    getFrame(frame);
    out.frame = frame;
    return 0;
  }
  ref(): void {}
  unref(): void {}
  device(): u64 {
    return 0;
  }
  ino(): u64 {
    return 0;
  }
  writePath(out: BytesBuilder): void {
    out.text("[vdso]");
  }
}
