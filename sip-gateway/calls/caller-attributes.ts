import { displayableText, type HeaderAttributes, type ParticipantAttributes } from '../../contract/index.ts';
import type { IncomingCall } from '../sip/index.ts';

/** Maximum length of an attribute in characters. */
const MAX_LENGTH = 256;

/** What the header fields of a trunk's call say about its caller; undefined if nothing. */
export function callerAttributes(
  { request }: Pick<IncomingCall, 'request'>,
  headers: HeaderAttributes | undefined,
): ParticipantAttributes | undefined {
  const found = (headers ?? []).flatMap(({ header, attribute }): Array<[string, string]> => {
    const value = displayableText(
      (request.headers.get(header.toLowerCase())?.slice(0, 4 * MAX_LENGTH) ?? '').replace(/[\r\n]+/g, ' '),
    ).slice(0, MAX_LENGTH);
    return value === '' ? [] : [[attribute, value]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
