// What callers hear, from languages/*.json. Plain JavaScript without dependencies, since the set-up runs it.
import { readdirSync, readFileSync } from 'node:fs';

/** Folder of the languages: one file each, named by its tag. */
export const LANGUAGES = new URL('languages/', import.meta.url);

/** By language: the voice of espeak-ng, whole texts by name, and phrases with gaps, which are spoken when they are needed. */
export const TEXTS = Object.fromEntries(
  readdirSync(LANGUAGES)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [
      file.slice(0, -'.json'.length),
      JSON.parse(readFileSync(new URL(file, LANGUAGES), 'utf8')),
    ]),
);
