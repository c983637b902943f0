/** `a=b,c=d`: QEMU's option lists. A bare word is `word=on`, a doubled comma one comma. */

/** Every one, in the order given. */
export function parseOptions(text: string): [name: string, value: string][] {
  return text
    .replaceAll(',,', '\0')
    .split(',')
    .filter(part => part !== '')
    .map(part => {
      const at = part.indexOf('=');
      return at < 0 ? [part, 'on'] : [part.slice(0, at), part.slice(at + 1).replaceAll('\0', ',')];
    });
}

/** By name: the last one of each counts. */
export function parseProps(text: string): Map<string, string> {
  return new Map(parseOptions(text));
}

/** `first,a=b`: the first word, and the text behind it. */
export function splitFirst(text: string): [first: string, rest: string] {
  const at = text.indexOf(',');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** QEMU's words for a switch; undefined: none of them. */
export function parseSwitch(text: string): boolean | undefined {
  if (['on', 'true', 'yes', 'y'].includes(text)) return true;
  return ['off', 'false', 'no', 'n'].includes(text) ? false : undefined;
}

export function isOn(text: string | undefined): boolean {
  return text !== undefined && parseSwitch(text) === true;
}
