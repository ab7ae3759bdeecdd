import { language } from './language.ts';
import type { LateStrings } from './table.ts';

let tables: typeof import('./late/index.ts') | undefined;

/** Loads the words of views that are themselves loaded when they are first shown. */
export async function loadLateStrings(): Promise<void> {
  tables ??= await import('./late/index.ts');
}

/** These words in the current language, once they are loaded. */
export function lateStrings(): LateStrings {
  if (!tables) {
    throw new Error('these words are not loaded');
  }
  return tables[language.value];
}
