import type { en } from './en/index.ts';
import type { en as lateEn } from './late/en/index.ts';

/** The shape of a table, without the texts: any string, and any function with the same parameters. */
export type Shape<Table> = {
  [Key in keyof Table]: Table[Key] extends string | undefined
    ? string
    : Table[Key] extends (...parameters: infer Parameters) => string
      ? (...parameters: Parameters) => string
      : Table[Key] extends readonly string[]
        ? readonly string[]
        : Shape<Table[Key]>;
};

/** All strings of the page in one language. */
export type Strings = Shape<typeof en>;

/** The strings that are loaded later. */
export type LateStrings = Shape<typeof lateEn>;
