import { browserName } from '../../model/index.ts';
import { language, strings } from '../../strings/index.ts';

/** A browser and its system, in words. */
export function browserOf(userAgent: string | null): string {
  const { account } = strings.value;
  const { browser, system } = browserName(userAgent ?? '');
  return browser !== undefined && system !== undefined
    ? account.browserOn(browser, system)
    : (browser ?? system ?? account.unknownBrowser);
}

/** What to call a device: the name that its user chose, or else its browser. */
export function deviceTitle({ name, userAgent }: { name: string | null; userAgent: string | null }): string {
  return name ?? browserOf(userAgent);
}

export function dateOf(timeMs: number): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'long' }).format(timeMs);
}

export function timeOf(timeMs: number): string {
  return new Intl.DateTimeFormat(language.value, { timeStyle: 'short' }).format(timeMs);
}
