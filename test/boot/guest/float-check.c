/* Prints the results and flags of floating-point operations in every rounding mode: the same text on every right machine. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const double operands[] = {0.0,    -0.0,   1.0,     -1.0,     0.1,     3.0,      1e308,   -1e308,
                                  1e-308, 5e-324, INFINITY, -INFINITY, 1.5e-45, 16777217, 0x1p53, 0x1.fffffffffffffp-1};
static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void show(const char *name, double a, double b, double result) {
  uint64_t bits;
  memcpy(&bits, &result, sizeof bits);
  printf("%s %a %a %016llx %x\n", name, a, b, (unsigned long long)bits, fetestexcept(FE_ALL_EXCEPT));
}

static void check(double a, double b) {
  volatile double x = a, y = b;
  volatile float f = (float)a, g = (float)b;
#define TRY(name, expression)              \
  do {                                     \
    feclearexcept(FE_ALL_EXCEPT);          \
    volatile double r = (expression);      \
    show(name, a, b, r);                   \
  } while (0)
  TRY("add", x + y);
  TRY("sub", x - y);
  TRY("mul", x * y);
  TRY("div", x / y);
  TRY("fma", fma(x, y, 0.1));
  TRY("sqrt", sqrt(x));
  TRY("addf", f + g);
  TRY("mulf", f * g);
  TRY("divf", f / g);
  TRY("fmaf", fmaf(f, g, 0.1f));
  TRY("narrow", (float)x);
  TRY("rint", rint(x));
  TRY("less", x < y);
}

int main(void) {
  for (size_t mode = 0; mode < COUNT(modes); mode++) {
    fesetround(modes[mode]);
    for (size_t i = 0; i < COUNT(operands); i++)
      for (size_t j = 0; j < COUNT(operands); j++) check(operands[i], operands[j]);
  }
  return 0;
}
