/** Shell functions. */
import { FunctionDef } from "./ast";
import { NameTable } from "./name-table";

export const functions = new NameTable<FunctionDef>();
