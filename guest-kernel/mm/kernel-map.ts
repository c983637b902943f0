/**
 * The kernel's final page table: code read-execute, constants read-only, everything else read-write without execute,
 * guard pages under both stacks, devices where a pointer expects them, the firmware's memory not at all.
 */
import { mmio, va as kva } from "../hal/mmio";
import {
  csrw_satp,
  sfence_vma,
  symAddr_data_start,
  symAddr_estack_guard,
  symAddr_kstack_guard,
  symAddr_rodata_end,
  symAddr_rodata_start,
  symAddr_text_end,
  symAddr_text_start,
} from "../hal/rv";
import { deviceMapInit } from "./device-map";
import { PAGE_SIZE, allocFrame } from "./frames";
import {
  LARGE_PAGE,
  PTE_A,
  PTE_D,
  PTE_G,
  PTE_R,
  PTE_V,
  PTE_W,
  PTE_X,
  entryFor,
  walk,
  walkTo,
  writePte,
} from "./page-table";

const SATP_SV39: u64 = (<u64>8) << 60;
const KEEP: u64 = PTE_V | PTE_A | PTE_G;
const CODE: u64 = KEEP | PTE_R | PTE_X;
const CONSTANT: u64 = KEEP | PTE_R;
const DATA: u64 = KEEP | PTE_R | PTE_W | PTE_D;

/** Physical ranges of the board that the kernel talks to: finisher and RTC, PLIC, UART and virtio-mmio. */
const DEVICES: StaticArray<u64> = [0, LARGE_PAGE, 0x0c00_0000, 3 * LARGE_PAGE, 0x1000_0000, LARGE_PAGE];

/** Builds the table for RAM up to `ramEnd` and switches to it; returns its root. There are frames enough at boot. */
export function kernelMapInit(ramEnd: usize): usize {
  const root = allocFrame();
  const text = symAddr_text_start();
  const rodata = symAddr_rodata_start();
  const data = symAddr_data_start();
  mapPages(root, text, symAddr_text_end(), CODE);
  mapPages(root, rodata, symAddr_rodata_end(), CONSTANT);
  // The large pages begin at the first boundary after the image's small parts.
  const large = (data + <usize>LARGE_PAGE) & ~(<usize>LARGE_PAGE - 1);
  mapPages(root, data, large, DATA);
  writePte(walk(root, kva(symAddr_kstack_guard()), false), 0);
  writePte(walk(root, kva(symAddr_estack_guard()), false), 0);
  for (let p = large; p < ramEnd; p += <usize>LARGE_PAGE) mapLarge(root, kva(p), <u64>p, DATA);
  for (let i = 0; i < DEVICES.length; i += 2) {
    for (let off: u64 = 0; off < DEVICES[i + 1]; off += LARGE_PAGE)
      mapLarge(root, mmio(DEVICES[i] + off), DEVICES[i] + off, DATA);
  }
  csrw_satp(SATP_SV39 | ((<u64>root) >> 12));
  sfence_vma();
  deviceMapInit(root);
  return root;
}

function mapPages(root: usize, start: usize, end: usize, flags: u64): void {
  for (let p = start & ~(PAGE_SIZE - 1); p < end; p += PAGE_SIZE)
    writePte(walk(root, kva(p), true), entryFor(<u64>p, flags));
}

function mapLarge(root: usize, at: u64, pa: u64, flags: u64): void {
  writePte(walkTo(root, at, 1, true), entryFor(pa, flags));
}
