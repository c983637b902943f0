/** The overlay scripts: every file of this folder that ends in .sh, but for the library. */
import { readdirSync } from 'node:fs';

const FOLDER = new URL('.', import.meta.url);

export interface OverlayScript {
  /** `c-whiteout`. */
  name: string;
  url: URL;
}

/** By name, so in the order of the groups. */
export function overlayScripts(): OverlayScript[] {
  return readdirSync(FOLDER)
    .filter(file => file.endsWith('.sh') && file !== 'lib.sh')
    .sort()
    .map(file => ({ name: file.replace(/\.sh$/, ''), url: new URL(file, FOLDER) }));
}
