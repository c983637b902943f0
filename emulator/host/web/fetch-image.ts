/** A kernel or a disk image by its address. */
import { UserError } from '../../base/user-error.ts';
import type { NamedBytes } from '../../machine/config.ts';

/** Errors (no answer, not found) are UserErrors. */
export async function fetchImage(url: string): Promise<NamedBytes> {
  const hint = 'check the address; npm run build makes images/out/';
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new UserError(`${url}: no answer`, hint);
  }
  if (!response.ok) throw new UserError(`${url}: ${response.status} ${response.statusText}`, hint);
  return { name: url, bytes: new Uint8Array(await response.arrayBuffer()) };
}
