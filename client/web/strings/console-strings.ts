import type { en } from './console/en.ts';
import { language } from './language.ts';
import type { Shape } from './table.ts';

let tables: typeof import('./console/index.ts') | undefined;

/** Loads the strings of the console: few people need them. */
export async function loadConsoleStrings(): Promise<void> {
  tables = await import('./console/index.ts');
}

/** The strings of the console in the current language, once they are loaded. */
export function consoleStrings(): Shape<typeof en> {
  if (!tables) {
    throw new Error('the strings of the console are not loaded');
  }
  return tables[language.value];
}
