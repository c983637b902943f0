/* Runs the kernels on the bare machine and prints `name instructions result` for each. Linked at 0x80200000. */
#include "kernels.h"

enum { N = 16384, PASS = 0x5555, SBI_PUTCHAR = 1 };

static u8 source[N], target[N];
static u32 table[256], keys[N], map_values[N];
static i32 next[1024], prev[1024], heads[11], live[256], orders[256], values[N];
static i8 order[1024];
static u64 begun;

static u64 instret(void) {
  u64 n;
  __asm__ volatile("rdinstret %0" : "=r"(n)::"memory");
  return n;
}

static void put(char c) {
  register u64 a0 __asm__("a0") = (u8)c;
  register u64 a7 __asm__("a7") = SBI_PUTCHAR;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "a1", "memory");
}

static void put_text(const char *text) {
  while (*text) put(*text++);
}

static void put_number(u64 n) {
  if (n >= 10) put_number(n / 10);
  put('0' + n % 10);
}

static void report(const char *name, u32 result) {
  u64 spent = instret() - begun;
  put_text(name);
  put(' ');
  put_number(spent);
  put(' ');
  put_number(result);
  put('\n');
}

static void noise(void) {
  u32 seed = 1;
  for (i32 i = 0; i < N; i++) {
    seed = seed * 1664525 + 1013904223;
    source[i] = 97 + (seed >> 30 == 0 ? (seed >> 28) & 1 : 0);
  }
}

void kmain(void) {
  noise();

  begun = instret();
  copy(target, source, N);
  report("copy", target[N - 1]);

  crc32_table(table);
  begun = instret();
  u32 crc = crc32(table, source, N);
  report("crc32", crc);

  struct hash_map map = {keys, map_values, N - 1};
  begun = instret();
  u32 sum = hash_map(&map, N / 2);
  report("hash-map", sum);

  struct buddy b = {next, prev, order, heads, 10};
  buddy_init(&b);
  for (i32 i = 0; i < 256; i++) live[i] = -1;
  begun = instret();
  i32 failures = allocator(&b, live, orders, N);
  report("allocator", failures);

  begun = instret();
  i32 smaller = string_compare(source, N, 64);
  report("string-compare", smaller);

  u32 seed = 7;
  for (i32 i = 0; i < N; i++) values[i] = (i32)(seed = seed * 1664525 + 1013904223);
  begun = instret();
  shell_sort(values, N);
  report("shell-sort", values[N / 2]);

  *(volatile u32 *)0x100000 = PASS;
}

__asm__(
    ".section .text.start, \"ax\"\n"
    ".globl _start\n"
    "_start:\n"
    "  la sp, stack_top\n"
    "  call kmain\n"
    "1: wfi\n"
    "  j 1b\n"
    ".bss\n"
    ".align 4\n"
    "  .space 16384\n"
    "stack_top:\n"
    ".text\n");
