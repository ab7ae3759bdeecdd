import { spellName } from './headers.ts';
import type { WireRequest, WireResponse } from './message.ts';
import { formatUri } from './uri.ts';
import { encodeText } from './wire-text.ts';

/**
 * Serializes a message and adds Content-Length.
 * @throws {RangeError} the start line or a header contains a line break, which would allow header injection
 */
export function serializeMessage(message: WireRequest | WireResponse): Buffer {
  let head =
    message.kind === 'request'
      ? `${message.method} ${formatUri(message.uri)} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  if (hasLineBreak(head)) {
    throw new RangeError('a line break in the start line');
  }
  for (const [name, value] of message.headers.fields) {
    if (name === 'content-length') {
      continue;
    }
    if (hasLineBreak(value)) {
      throw new RangeError(`a line break in ${name}`);
    }
    head += `\r\n${spellName(name)}: ${value}`;
  }
  head += `\r\nContent-Length: ${message.body.length}\r\n\r\n`;
  return message.body.length === 0 ? encodeText(head) : Buffer.concat([encodeText(head), message.body]);
}

function hasLineBreak(text: string): boolean {
  return text.includes('\n') || text.includes('\r');
}
