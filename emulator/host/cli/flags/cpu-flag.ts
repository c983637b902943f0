/** `-cpu rv64,NAME=on|off,…`: QEMU's properties of its rv64, for the extensions that we have (isa/extensions.ts). */
import { UserError } from '../../../base/user-error.ts';
import { DEFAULT_FEATURES, EXTENSIONS, missingNeed, type CpuFeatures } from '../../../isa/extensions.ts';
import { nearestHint } from './nearest.ts';
import { parseSwitch } from './option-list.ts';

const MODEL = 'rv64';
/** All that there is; QEMU has it since 8.1. */
const MAX = 'max';
const NAMES: readonly string[] = EXTENSIONS.map(({ name }) => name);
/** Properties of QEMU's that have one possible value here. */
const FIXED: ReadonlyMap<string, 'on' | 'off'> = new Map([
  ...(['i', 's', 'u'] as const).map(name => [name, 'on'] as const),
  ...(['h', 'v', 'e', 'svnapot', 'svpbmt', 'sscofpmf', 'Zfh', 'Zfhmin', 'zfinx', 'zdinx'] as const).map(
    name => [name, 'off'] as const,
  ),
]);

export function parseCpu(value: string): CpuFeatures {
  const [model = '', ...properties] = value.split(',');
  const bad = (what: string, hint: string): UserError => new UserError(`-cpu ${value}: ${what}`, hint);
  if (model !== MODEL && model !== MAX)
    throw bad(`there is no ${model}`, `write ${MODEL}, with extensions as ${MODEL},zbb=off`);
  const features: Record<string, boolean> = { ...DEFAULT_FEATURES };
  if (model === MAX) for (const name of NAMES) features[name] = true;
  for (const property of properties) {
    const at = property.indexOf('=');
    const name = at < 0 ? property : property.slice(0, at);
    const isSet = at < 0 ? undefined : parseSwitch(property.slice(at + 1));
    const isKnown = NAMES.includes(name);
    if (!isKnown && !FIXED.has(name)) {
      throw bad(`no extension ${name}`, `${nearestHint(name, NAMES)}known are ${NAMES.join(', ')}`);
    }
    if (isSet === undefined) throw bad(`${name} is on or off`, `write ${name}=off`);
    if (isKnown) features[name] = isSet;
    else if (FIXED.get(name) !== (isSet ? 'on' : 'off'))
      throw bad(`${name} is always ${FIXED.get(name)} here`, 'leave it out');
  }
  const chosen = features as CpuFeatures;
  const missing = missingNeed(chosen);
  if (missing) throw bad(`${missing.name} needs ${missing.needs}`, `switch ${missing.name} off too`);
  return chosen;
}
