/* The twins of kernels.ts for gcc: same algorithms, same types, C's unchecked arrays. */
#include "kernels.h"

void copy(u8 *dst, const u8 *src, i32 n) {
  for (i32 i = 0; i < n; i++) dst[i] = src[i];
}

void crc32_table(u32 *table) {
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (i32 k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
}

u32 crc32(const u32 *table, const u8 *data, i32 n) {
  u32 crc = 0xffffffff;
  for (i32 i = 0; i < n; i++) crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
  return ~crc;
}

static u32 slot_of(const struct hash_map *map, u32 key) {
  u32 at = (key * 0x9e3779b1) & map->mask;
  while (map->keys[at] != 0 && map->keys[at] != key) at = (at + 1) & map->mask;
  return at;
}

static void set(struct hash_map *map, u32 key, u32 value) {
  u32 at = slot_of(map, key);
  map->keys[at] = key;
  map->values[at] = value;
}

static u32 get(const struct hash_map *map, u32 key) { return map->values[slot_of(map, key)]; }

u32 hash_map(struct hash_map *map, u32 count) {
  u32 key = 12345;
  for (u32 i = 0; i < count; i++) {
    key = key * 1664525 + 1013904223;
    set(map, key | 1, i);
  }
  u32 sum = 0;
  key = 12345;
  for (u32 i = 0; i < 2 * count; i++) {
    key = key * 1664525 + 1013904223;
    sum += get(map, key | 1);
  }
  return sum;
}

static void insert(struct buddy *b, i32 block, i32 o) {
  i32 head = b->heads[o];
  b->next[block] = head;
  b->prev[block] = -1;
  if (head >= 0) b->prev[head] = block;
  b->heads[o] = block;
  b->order[block] = (i8)o;
}

static void remove_block(struct buddy *b, i32 block, i32 o) {
  i32 next = b->next[block];
  i32 prev = b->prev[block];
  if (prev >= 0) b->next[prev] = next;
  else b->heads[o] = next;
  if (next >= 0) b->prev[next] = prev;
  b->order[block] = -1;
}

void buddy_init(struct buddy *b) {
  for (i32 i = 0; i < 1 << b->max_order; i++) b->order[i] = -1;
  for (i32 o = 0; o <= b->max_order; o++) b->heads[o] = -1;
  insert(b, 0, b->max_order);
}

static i32 alloc(struct buddy *b, i32 o) {
  i32 at = o;
  while (at <= b->max_order && b->heads[at] < 0) at++;
  if (at > b->max_order) return -1;
  i32 block = b->heads[at];
  remove_block(b, block, at);
  while (at > o) {
    at--;
    insert(b, block + (1 << at), at);
  }
  return block;
}

static void free_block(struct buddy *b, i32 block, i32 o) {
  while (o < b->max_order) {
    i32 buddy = block ^ (1 << o);
    if (b->order[buddy] != o) break;
    remove_block(b, buddy, o);
    block &= ~(1 << o);
    o++;
  }
  insert(b, block, o);
}

i32 allocator(struct buddy *b, i32 *live, i32 *orders, i32 count) {
  u32 seed = 99;
  i32 failures = 0;
  for (i32 i = 0; i < count; i++) {
    seed = seed * 1664525 + 1013904223;
    i32 slot = (i32)(seed >> 16) & 255;
    if (live[slot] >= 0) free_block(b, live[slot], orders[slot]);
    i32 o = (i32)(seed >> 28) & 3;
    i32 block = alloc(b, o);
    live[slot] = block;
    orders[slot] = o;
    if (block < 0) failures++;
  }
  return failures;
}

static i32 compare_strings(const u8 *text, i32 a, i32 a_length, i32 b, i32 b_length) {
  i32 n = a_length < b_length ? a_length : b_length;
  for (i32 i = 0; i < n; i++) {
    u8 x = text[a + i];
    u8 y = text[b + i];
    if (x != y) return (i32)x - (i32)y;
  }
  return a_length - b_length;
}

i32 string_compare(const u8 *text, i32 n, i32 length) {
  i32 smaller = 0;
  for (i32 a = 0; a + length <= n; a += 7) {
    i32 b = (i32)(((u32)a * 31) % (u32)(n - length));
    if (compare_strings(text, a, length, b, length) < 0) smaller++;
  }
  return smaller;
}

void shell_sort(i32 *values, i32 n) {
  i32 gap = 1;
  while (gap < n / 3) gap = gap * 3 + 1;
  for (; gap > 0; gap = (gap - 1) / 3) {
    for (i32 i = gap; i < n; i++) {
      i32 value = values[i];
      i32 k = i;
      while (k >= gap && values[k - gap] > value) {
        values[k] = values[k - gap];
        k -= gap;
      }
      values[k] = value;
    }
  }
}
