import {
  type HeaderField,
  type Params,
  parseMediaType,
  type SipMessage,
  SipParseError,
  unquote,
} from '../message/index.ts';
import { usableSdp } from '../sdp/index.ts';

/** The session description of a message. */
export interface SessionBody {
  readonly sdp?: string;
  /** Another alternative (multipart/alternative), with encrypted audio. */
  readonly encryptedSdp?: string;
  /** The message has a body that we do not understand and must not ignore (RFC 3261 §20.11): answer 415. */
  readonly unsupported: boolean;
}

/** Maximum depth of nested multipart bodies. */
const MAX_DEPTH = 3;

/** Finds the SDP of a message, alone or in a multipart body (RFC 5621): some trunks add ISUP, some phones send alternatives. */
export function sessionBody(message: SipMessage): SessionBody {
  const { headers, body } = message;
  if (body.length === 0) {
    return { unsupported: false };
  }
  const optional = /handling[ \t]*=[ \t]*optional/i.test(headers.get('content-disposition') ?? '');
  const encoding = headers.get('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return { unsupported: !optional };
  }
  try {
    const { type, params } = parseMediaType(headers.get('content-type') ?? '');
    if (type === 'application/sdp') {
      return { sdp: body.toString('utf8'), unsupported: false };
    }
    if (type.startsWith('multipart/')) {
      const found = usableSdp(sdpParts(body.toString('latin1'), params, MAX_DEPTH));
      if (found.sdp !== undefined) {
        return { ...found, unsupported: false };
      }
    }
  } catch (error) {
    if (!(error instanceof SipParseError)) {
      throw error;
    }
  }
  return { unsupported: !optional };
}

/** All SDP parts of a multipart body (one character per byte), in order. Bare LF line ends are accepted. */
function sdpParts(body: string, params: Params, depth: number): string[] {
  const boundary = unquote(params.get('boundary') ?? '');
  if (boundary === '' || depth === 0) {
    return [];
  }
  const found: string[] = [];
  const between = new RegExp(`\\r?\\n--${boundary.replace(/[^A-Za-z0-9]/g, '\\$&')}(?=--|[ \\t]*\\r?\\n)`);
  for (const part of `\n${body}`.split(between).slice(1)) {
    if (part.startsWith('--')) {
      break;
    }
    const [, head, content] = /^[^\n]*\n((?:[^\r\n][^\n]*\n)*)\r?\n([\s\S]*)$/.exec(part) ?? [];
    if (head === undefined || content === undefined) {
      continue;
    }
    const type = partType(head);
    if (type.type === 'application/sdp') {
      found.push(Buffer.from(content, 'latin1').toString('utf8'));
    } else if (type.type.startsWith('multipart/')) {
      found.push(...sdpParts(content, type.params, depth - 1));
    }
  }
  return found;
}

/** The media type in the header section of a part. @throws {SipParseError} it is malformed */
function partType(head: string): { type: string; params: Params } {
  const unfolded = head.replace(/\r?\n[ \t]+/g, ' ');
  return parseMediaType(/^(?:content-type|c)[ \t]*:[ \t]*([^\r\n]*)/im.exec(unfolded)?.[1] ?? '');
}

/** The Content-Type field for an SDP body, and the body. */
export function sdpBody(sdp: string | undefined): { fields: HeaderField[]; body?: Buffer } {
  if (sdp === undefined) {
    return { fields: [] };
  }
  return { fields: [['content-type', 'application/sdp']], body: Buffer.from(sdp, 'utf8') };
}
