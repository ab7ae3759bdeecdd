import { formatParams, type Params, parseParams, skipBlanks } from './params.ts';
import { SipParseError } from './parse-error.ts';
import { parseHostPort } from './uri.ts';

/** One Via value (RFC 3261 §20.42). */
export interface Via {
  /** Upper-case: UDP, TCP, TLS … */
  readonly transport: string;
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
}

/** The prefix of branches (RFC 3261 §8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

const PROTOCOL = /SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+/iy;
/** Routers with a SIP ALG add these even if the Via has them already. */
const REPEATABLE: ReadonlySet<string> = new Set(['rport', 'received']);
const SENT_BY = /(\[[^\]\s]*\]|[^\s;,:[\]]+)(?:[ \t]*:[ \t]*([0-9]+))?/y;

/** Parses the Via values of one header line. @throws {SipParseError} one is malformed */
export function parseVias(text: string): Via[] {
  const list: Via[] = [];
  for (let at = 0; ; ) {
    const { via, end } = readVia(text, at);
    list.push(via);
    if (end === text.length) {
      return list;
    }
    at = end + 1;
  }
}

/** Splits a header line into its first Via value and the rest (a comma and more values, or nothing). @throws {SipParseError} malformed */
export function splitVia(text: string): { via: Via; rest: string } {
  const { via, end } = readVia(text, 0);
  return { via, rest: text.slice(end) };
}

function readVia(text: string, from: number): { via: Via; end: number } {
  PROTOCOL.lastIndex = skipBlanks(text, from);
  const protocol = PROTOCOL.exec(text);
  if (!protocol) {
    throw new SipParseError('Malformed Via protocol');
  }
  SENT_BY.lastIndex = PROTOCOL.lastIndex;
  const sentBy = SENT_BY.exec(text);
  if (!sentBy) {
    throw new SipParseError('Malformed Via sent-by');
  }
  const [, host = '', port] = sentBy;
  const { params, end } = parseParams(text, SENT_BY.lastIndex, REPEATABLE);
  const hostPort = parseHostPort(port === undefined ? host : `${host}:${port}`);
  if (end < text.length && text.charCodeAt(end) !== 44) {
    throw new SipParseError('Text after a Via');
  }
  return { via: { transport: (protocol[1] ?? '').toUpperCase(), ...hostPort, params }, end };
}

/** Formats one Via value. */
export function formatVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${via.host}${port}${formatParams(via.params)}`;
}

/** The branch parameter; undefined if there is none. */
export function branchOf(via: Via): string | undefined {
  return via.params.get('branch') ?? undefined;
}
