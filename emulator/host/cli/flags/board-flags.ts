/** `-machine` and `-fw_cfg`: what the board is, and what it tells its firmware. */
import { UserError } from '../../../base/user-error.ts';
import { FW_CFG_NAME_MAX } from '../../../device/fw-cfg.ts';
import { utf8 } from '../../../base/bytes.ts';
import { parseOptions, parseProps } from './option-list.ts';
import type { CliOptions, DriveFlag } from './options.ts';

const bad = (flag: string, value: string, hint: string): UserError =>
  new UserError(`-${flag} ${value}: not understood`, hint);

const TRUE = ['on', 'true', 'yes'];
const FALSE = ['off', 'false', 'no'];

/** As QEMU, the board's name may be left out in front of an option. */
export function applyMachine(options: CliOptions, value: string): void {
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
      case 'aia':
        if (setting !== 'none')
          throw bad('M', value, 'there is no AIA here, the interrupt controller is a PLIC: aia=none');
        break;
      case 'pflash0':
      case 'pflash1':
        throw bad('M', value, 'as in QEMU 7.2, write -drive if=pflash,format=raw,unit=0,file=F');
      default:
        throw bad('M', value, 'known are dumpdtb=FILE, aclint=on|off and aia=none');
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
