import type { CanopyError } from '../../sdk/index.ts';
import { strings } from './language.ts';

/** What to tell the user about an error: the translated sentence for its code, or else the error's own message in English. */
export function errorSentence({ code, message }: CanopyError): string {
  const sentences: Partial<Record<string, string>> = strings.value.errors;
  return sentences[code] ?? message;
}
