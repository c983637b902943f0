/** Aliases. */
import { Bytes } from "../../lib/bytes";
import { NameTable } from "./name-table";

@final
export class Alias {
  /** Its text is being read: it is not expanded again inside itself. */
  isActive: bool = false;
  constructor(
    public name: Bytes,
    public value: Bytes,
  ) {}
}

export const aliases = new NameTable<Alias>();

export function findAlias(name: Bytes): Alias | null {
  return aliases.get(name);
}
