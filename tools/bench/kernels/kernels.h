/* What main.c runs; kernels.c is a unit of its own, so that nothing is inlined into main. */
typedef signed char i8;
typedef unsigned char u8;
typedef int i32;
typedef unsigned u32;
typedef unsigned long u64;

struct hash_map {
  u32 *keys;
  u32 *values;
  u32 mask;
};

struct buddy {
  i32 *next;
  i32 *prev;
  i8 *order;
  i32 *heads;
  i32 max_order;
};

void copy(u8 *dst, const u8 *src, i32 n);
void crc32_table(u32 *table);
u32 crc32(const u32 *table, const u8 *data, i32 n);
u32 hash_map(struct hash_map *map, u32 count);
void buddy_init(struct buddy *b);
i32 allocator(struct buddy *b, i32 *live, i32 *orders, i32 count);
i32 string_compare(const u8 *text, i32 n, i32 length);
void shell_sort(i32 *values, i32 n);
