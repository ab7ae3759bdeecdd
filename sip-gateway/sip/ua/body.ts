import {
  type HeaderField,
  parseMediaType,
  type SipMessage,
  SipParseError,
  unquote,
} from '../message/index.ts';

/** What a message carries for the session: its SDP, and whether it has a body that we do not understand. */
export interface SessionBody {
  readonly sdp?: string;
  /** A body of another type that must be understood (RFC 3261 §20.11): answer 415. */
  readonly unsupported: boolean;
}

/** Finds the SDP of a message, alone or in a multipart body (trunks put ISUP beside it). */
export function sessionBody(message: SipMessage): SessionBody {
  const { headers, body } = message;
  if (body.length === 0) return { unsupported: false };
  const optional = /handling[ \t]*=[ \t]*optional/i.test(headers.get('content-disposition') ?? '');
  const encoding = headers.get('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return { unsupported: !optional };
  try {
    const { type, params } = parseMediaType(headers.get('content-type') ?? '');
    if (type === 'application/sdp') return { sdp: body.toString('utf8'), unsupported: false };
    if (type.startsWith('multipart/')) {
      const sdp = sdpPart(body.toString('latin1'), unquote(params.get('boundary') ?? ''));
      if (sdp !== undefined) return { sdp: Buffer.from(sdp, 'latin1').toString('utf8'), unsupported: false };
    }
  } catch (error) {
    if (!(error instanceof SipParseError)) throw error;
  }
  return { unsupported: !optional };
}

function sdpPart(body: string, boundary: string): string | undefined {
  if (boundary === '') return undefined;
  for (const part of `\r\n${body}`.split(`\r\n--${boundary}`).slice(1)) {
    const blank = part.indexOf('\r\n\r\n');
    if (blank >= 0 && /^content-type[ \t]*:[ \t]*application\/sdp/im.test(part.slice(0, blank)))
      return part.slice(blank + 4);
  }
  return undefined;
}

/** The Content-Type field of a body of SDP, and the body. */
export function sdpBody(sdp: string | undefined): { fields: HeaderField[]; body?: Buffer } {
  if (sdp === undefined) return { fields: [] };
  return { fields: [['content-type', 'application/sdp']], body: Buffer.from(sdp, 'utf8') };
}
