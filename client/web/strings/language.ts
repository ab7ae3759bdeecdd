import { signal } from '@preact/signals';
import { en } from './en/index.ts';
import type { Strings } from './table.ts';

interface Language {
  /** Its name in itself. */
  name: string;
  direction: 'ltr' | 'rtl';
  load(): Promise<Strings>;
}

const LANGUAGES = {
  en: { name: 'English', direction: 'ltr', load: async () => en },
  ru: { name: 'Русский', direction: 'ltr', load: async () => (await import('./ru/index.ts')).ru },
} as const satisfies Record<string, Language>;

/** A language that the page has been translated into. */
export type LanguageTag = keyof typeof LANGUAGES;

/** The languages to choose from, each with its name in itself. */
export const LANGUAGE_NAMES: ReadonlyArray<readonly [LanguageTag, string]> = Object.entries(LANGUAGES).map(
  ([tag, { name }]) => [tag as LanguageTag, name] as const,
);

const STORAGE_KEY = 'canopy.language';

/** The strings of the current language. */
export const strings = signal<Strings>(en);
/** The current language. */
export const language = signal<LanguageTag>('en');

/** Starts with the language chosen earlier, or else the first of the browser's languages that there is a translation for. */
export async function startLanguage(): Promise<void> {
  const wanted = [storedLanguage(), ...navigator.languages].map((tag) => tag?.split('-')[0]);
  await show(wanted.find(isKnown) ?? 'en');
}

/** Changes the language and remembers it for later visits. */
export async function setLanguage(tag: LanguageTag): Promise<void> {
  try {
    localStorage.setItem(STORAGE_KEY, tag);
  } catch {
    // Storage may be full or blocked; the choice then lasts for this visit.
  }
  await show(tag);
}

async function show(tag: LanguageTag): Promise<void> {
  try {
    strings.value = await LANGUAGES[tag].load();
  } catch {
    // The file may be unreachable; the language then stays as it is.
    return;
  }
  language.value = tag;
  document.documentElement.lang = tag;
  document.documentElement.dir = LANGUAGES[tag].direction;
}

function isKnown(tag: string | undefined): tag is LanguageTag {
  return tag !== undefined && Object.hasOwn(LANGUAGES, tag);
}

function storedLanguage(): string | undefined {
  try {
    return localStorage.getItem(STORAGE_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
