/** The clock and the calendar: UTC, proleptic Gregorian. */
import { Nr } from "../../abi/nr";
import { Bytes, BytesBuilder } from "../../lib/bytes";
import { sys } from "./sys";

const buffer: usize = memory.data(16, 8);
const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const DAYS = "SunMonTueWedThuFriSat";
const DAY: i64 = 86400;

/** Seconds since the epoch; nanoseconds are left in `nowNs`. */
export function now(): i64 {
  sys(Nr.clock_gettime, 0, buffer);
  nowNs = load<i64>(buffer + 8);
  return load<i64>(buffer);
}
export let nowNs: i64 = 0;

@final
export class Calendar {
  year: i64 = 0;
  /** 1–12 */
  month: i32 = 0;
  day: i32 = 0;
  hour: i32 = 0;
  minute: i32 = 0;
  second: i32 = 0;
  /** 0 is Sunday. */
  weekday: i32 = 0;
  /** 1–366 */
  yearDay: i32 = 0;

  /** Civil date from days since 1970-01-01, by eras of 400 years that begin on March 1st. */
  constructor(t: i64) {
    const days = t >= 0 ? t / DAY : -((-t + DAY - 1) / DAY);
    const rest = <i32>(t - days * DAY);
    this.hour = rest / 3600;
    this.minute = (rest / 60) % 60;
    this.second = rest % 60;
    this.weekday = <i32>((((days + 4) % 7) + 7) % 7);
    const z = days + 719468;
    const era = (z >= 0 ? z : z - 146096) / 146097;
    const doe = z - era * 146097;
    const yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const mp = (5 * doy + 2) / 153;
    this.day = <i32>(doy - (153 * mp + 2) / 5 + 1);
    this.month = <i32>(mp < 10 ? mp + 3 : mp - 9);
    this.year = yoe + era * 400 + (this.month <= 2 ? 1 : 0);
    this.yearDay = <i32>(days - daysFrom(this.year, 1, 1)) + 1;
  }
}

/** Days since 1970-01-01. */
export function daysFrom(year: i64, month: i32, day: i32): i64 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yoe = y - era * 400;
  const doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

export function monthName(month: i32): string {
  return MONTHS.substr((month - 1) * 3, 3);
}
export function dayName(weekday: i32): string {
  return DAYS.substr(weekday * 3, 3);
}

/** As `ls -l`: "Jan  1 12:00", or with the year when it is more than half a year away. */
export function shortTime(t: i64): Bytes {
  const c = new Calendar(t);
  const out = new BytesBuilder();
  out.text(monthName(c.month)).byte(0x20).dec(c.day, 2).byte(0x20);
  const away = now() - t;
  if (away < -3600 || away > 15778476) out.byte(0x20).dec(c.year, 4);
  else out.dec(c.hour, 2, 0x30).byte(0x3a).dec(c.minute, 2, 0x30);
  return out.take();
}

/** strftime's letters that programs here use. */
export function formatTime(format: Bytes, t: i64, ns: i64): Bytes {
  const c = new Calendar(t);
  const out = new BytesBuilder();
  for (let i = 0; i < format.len; i++) {
    if (format[i] != 0x25 || i + 1 == format.len) {
      out.byte(format[i]);
      continue;
    }
    switch (format[++i]) {
      case 0x59: // Y
        out.dec(c.year);
        break;
      case 0x6d: // m
        out.dec(c.month, 2, 0x30);
        break;
      case 0x64: // d
        out.dec(c.day, 2, 0x30);
        break;
      case 0x65: // e
        out.dec(c.day, 2);
        break;
      case 0x48: // H
        out.dec(c.hour, 2, 0x30);
        break;
      case 0x4d: // M
        out.dec(c.minute, 2, 0x30);
        break;
      case 0x53: // S
        out.dec(c.second, 2, 0x30);
        break;
      case 0x73: // s
        out.dec(t);
        break;
      case 0x4e: // N
        out.dec(ns, 9, 0x30);
        break;
      case 0x6a: // j
        out.dec(c.yearDay, 3, 0x30);
        break;
      case 0x79: // y
        out.dec(c.year % 100, 2, 0x30);
        break;
      case 0x61: // a
        out.text(dayName(c.weekday));
        break;
      case 0x62: // b
      case 0x68:
        out.text(monthName(c.month));
        break;
      case 0x46: // F
        out.dec(c.year).byte(0x2d).dec(c.month, 2, 0x30).byte(0x2d).dec(c.day, 2, 0x30);
        break;
      case 0x54: // T
        out.dec(c.hour, 2, 0x30).byte(0x3a).dec(c.minute, 2, 0x30).byte(0x3a).dec(c.second, 2, 0x30);
        break;
      case 0x5a: // Z
        out.text("UTC");
        break;
      case 0x7a: // z
        out.text("+0000");
        break;
      case 0x6e:
        out.byte(10);
        break;
      case 0x74:
        out.byte(9);
        break;
      case 0x25:
        out.byte(0x25);
        break;
      default:
        out.byte(0x25).byte(format[i]);
    }
  }
  return out.take();
}
