/** `-machine` and `-fw_cfg`: what the board is, and what it tells its firmware. */
import { UserError } from '../../../base/user-error.ts';
import { FW_CFG_NAME_MAX } from '../../../device/fw-cfg.ts';
import { utf8 } from '../../../base/bytes.ts';
import { HARTS_MAX } from '../../../machine/config.ts';
import { parseOptions, parseProps, parseSwitch } from './option-list.ts';
import type { CliOptions, DriveFlag } from './options.ts';

const bad = (flag: string, value: string, hint: string): UserError =>
  new UserError(`-${flag} ${value}: not understood`, hint);

const TRUE = ['on', 'true', 'yes'];
const FALSE = ['off', 'false', 'no'];

/** As QEMU, the board's name may be left out in front of an option. */
export function applyMachine(options: CliOptions, value: string): void {
  if (value === 'help' || value === '?') {
    options.show = 'machines';
    return;
  }
  const [first = '', ...rest] = value.split(',');
  const isNamed = /^(type=)?virt$/.test(first);
  if (!isNamed && !first.includes('='))
    throw bad('M', value, 'only -M virt is possible, with dumpdtb=FILE, aclint=on|off');
  for (const [name, setting] of parseOptions((isNamed ? rest : [first, ...rest]).join(','))) {
    switch (name) {
      case 'dumpdtb':
        options.dumpDtb = setting;
        break;
      case 'aclint':
        if (![...TRUE, ...FALSE].includes(setting)) throw bad('M', value, 'aclint is on or off');
        options.hasAclint = TRUE.includes(setting);
        break;
      case 'accel':
        if (!['tcg', 'interp'].includes(setting)) throw bad('M', value, 'instructions are interpreted: accel=tcg');
        break;
      case 'usb':
      case 'graphics':
        if (parseSwitch(setting) !== false) throw bad('M', value, `there is none: ${name}=off`);
        break;
      case 'aia':
        if (setting !== 'none')
          throw bad('M', value, 'there is no AIA here, the interrupt controller is a PLIC: aia=none');
        break;
      case 'pflash0':
      case 'pflash1':
        throw bad('M', value, 'as in QEMU 7.2, write -drive if=pflash,format=raw,unit=0,file=F');
      default:
        throw bad('M', value, 'known are dumpdtb=FILE, aclint=on|off, accel=tcg and aia=none');
    }
  }
}

/** @param unit the bank, or absent for the first that has nothing yet */
export function addFlash(options: CliOptions, drive: DriveFlag, unit: string | undefined, flag: string): void {
  const isTaken = (bank: number): boolean => options.flash.some(taken => taken.bank === bank);
  const bank = unit === undefined ? (isTaken(0) ? 1 : 0) : Number(unit);
  if (bank !== 0 && bank !== 1)
    throw new UserError(`${flag}: there is no unit ${unit}`, 'the banks are unit=0 and unit=1');
  if (isTaken(bank))
    throw new UserError(`${flag}: bank ${bank} of flash is taken`, 'give each image a unit of its own');
  options.flash.push({ bank, drive });
}

/** As QEMU: the name may stand alone in front, and exactly one of file and string is needed. */
export function applyFwCfg(options: CliOptions, value: string): void {
  const wrong = (hint: string): UserError => bad('fw_cfg', value, hint);
  const props = parseProps(/^[^=,]+(,|$)/.test(value) ? `name=${value}` : value);
  const unknown = [...props.keys()].find(key => !['name', 'file', 'string'].includes(key));
  if (unknown !== undefined) throw wrong('known are name, file and string');
  const [name = '', file = '', text = ''] = ['name', 'file', 'string'].map(key => props.get(key) ?? '');
  if (name === '' || (file === '') === (text === '')) throw wrong('write name=opt/N and one of file=F and string=TEXT');
  if (utf8(name).length > FW_CFG_NAME_MAX) throw wrong(`a name has at most ${FW_CFG_NAME_MAX} bytes`);
  options.fwCfg.push({ name, from: file === '' ? { text } : { file } });
}

/** `-m 1G` and `-m size=1G`; `slots` and `maxmem` are room for memory that is plugged in later, which the board has not. */
export function applyMemory(options: CliOptions, value: string): void {
  const wrong = (): UserError => bad('m', value, 'write a size such as 128M or 1G');
  const props = parseProps(/^[^=,]+(,|$)/.test(value) ? `size=${value}` : value);
  const match = /^(\d+)([MmGg]?)$/.exec(props.get('size') ?? '');
  if (!match || [...props.keys()].some(name => !['size', 'slots', 'maxmem'].includes(name))) throw wrong();
  options.memoryMiB = Number(match[1]) * (/g/i.test(match[2]!) ? 1024 : 1);
}

const TOPOLOGY = ['sockets', 'dies', 'clusters', 'cores', 'threads'];

/** As QEMU: what is not given of the topology follows from the rest, and its product is the number of harts. */
export function applyHarts(options: CliOptions, value: string): void {
  const wrong = (hint: string): UserError => bad('smp', value, hint);
  const props = parseProps(/^[^=,]+(,|$)/.test(value) ? `cpus=${value}` : value);
  const unknown = [...props.keys()].find(name => !['cpus', 'maxcpus', ...TOPOLOGY].includes(name));
  if (unknown !== undefined) throw wrong(`known are cpus, maxcpus, ${TOPOLOGY.join(', ')}`);
  const numbers = new Map([...props].map(([name, text]) => [name, /^\d+$/.test(text) ? Number(text) : NaN]));
  const product = TOPOLOGY.reduce((all, name) => all * (numbers.get(name) ?? 1), 1);
  const harts = numbers.get('cpus') ?? product;
  if (!(harts >= 1 && harts <= HARTS_MAX)) throw wrong(`write a number from 1 to ${HARTS_MAX}`);
  const most = numbers.get('maxcpus') ?? harts;
  if (most !== harts) throw wrong('no hart can be plugged in later: leave maxcpus out');
  const isWhole = TOPOLOGY.every(name => numbers.has(name)) ? product === harts : harts % product === 0;
  if (!isWhole) throw wrong(`sockets, cores and threads do not multiply to ${harts}`);
  options.harts = harts;
}
