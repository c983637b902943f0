/** Doubles: bodies that attract each other, a matrix product, the Mandelbrot set. */
import { finish } from './bare';
import { csrs_sstatus } from './rv';
export { memoryGrow, memorySize, trapKernel, trapUser } from './bare';

const BODIES: i32 = 5;
const STEPS: i32 = 40_000;
const SIDE: i32 = 64;
const PIXELS: i32 = 96;
const ESCAPE: i32 = 200;

function orbit(): f64 {
  const x = new StaticArray<f64>(BODIES * 3);
  const v = new StaticArray<f64>(BODIES * 3);
  const mass = new StaticArray<f64>(BODIES);
  for (let i = 0; i < BODIES; i++) {
    mass[i] = i == 0 ? 39.5 : 0.01 * <f64>(i + 1);
    x[3 * i] = 3.0 * <f64>i;
    x[3 * i + 1] = 0.5 * <f64>i;
    x[3 * i + 2] = 0.1 * <f64>i;
    v[3 * i + 1] = i == 0 ? 0.0 : 2.5 / <f64>i;
  }
  for (let step = 0; step < STEPS; step++) {
    for (let i = 0; i < BODIES; i++) {
      for (let j = i + 1; j < BODIES; j++) {
        const dx = x[3 * i] - x[3 * j];
        const dy = x[3 * i + 1] - x[3 * j + 1];
        const dz = x[3 * i + 2] - x[3 * j + 2];
        const square = dx * dx + dy * dy + dz * dz + 0.01;
        const pull = 0.001 / (square * sqrt<f64>(square));
        v[3 * i] -= dx * mass[j] * pull;
        v[3 * i + 1] -= dy * mass[j] * pull;
        v[3 * i + 2] -= dz * mass[j] * pull;
        v[3 * j] += dx * mass[i] * pull;
        v[3 * j + 1] += dy * mass[i] * pull;
        v[3 * j + 2] += dz * mass[i] * pull;
      }
    }
    for (let i = 0; i < 3 * BODIES; i++) x[i] += 0.001 * v[i];
  }
  return x[3] + x[4];
}

function product(): f64 {
  const a = new StaticArray<f64>(SIDE * SIDE);
  const b = new StaticArray<f64>(SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    a[i] = <f64>(i % 17) * 0.25;
    b[i] = <f64>(i % 13) * 0.5;
  }
  let trace = 0.0;
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < SIDE; i++) {
      for (let j = 0; j < SIDE; j++) {
        let sum = 0.0;
        for (let k = 0; k < SIDE; k++) sum += a[i * SIDE + k] * b[k * SIDE + j];
        if (i == j) trace += sum;
      }
    }
  }
  return trace;
}

function mandelbrot(): i32 {
  let inside = 0;
  for (let row = 0; row < PIXELS; row++) {
    for (let column = 0; column < PIXELS; column++) {
      const cr = (<f64>column * 3.0) / <f64>PIXELS - 2.0;
      const ci = (<f64>row * 2.0) / <f64>PIXELS - 1.0;
      let re = 0.0;
      let im = 0.0;
      let n = 0;
      while (n < ESCAPE && re * re + im * im <= 4.0) {
        const t = re * re - im * im + cr;
        im = 2.0 * re * im + ci;
        re = t;
        n++;
      }
      if (n == ESCAPE) inside++;
    }
  }
  return inside;
}

function compute(): bool {
  const sum = orbit() + product() + <f64>mandelbrot();
  return sum == sum && sum != 0.0;
}

/** sstatus.FS: dirty. */
const FS: u64 = 0x6000;

export function kmain(hart: u64, _tree: u64): usize {
  csrs_sstatus(FS);
  // Called through a table: inlined here, its prologue would save floating-point registers before they are on.
  const programs: Array<() => bool> = [compute];
  finish(programs[<i32>hart]());
  return 0;
}
