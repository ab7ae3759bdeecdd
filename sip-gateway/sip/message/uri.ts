import { isIPv4, isIPv6 } from 'node:net';
import { formatParams, NO_PARAMS, type Params } from './params.ts';
import { SipParseError } from './parse-error.ts';
import { encodeText } from './wire-text.ts';

/** A SIP or SIPS URI (RFC 3261 §19.1). */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** As on the wire, with escapes; see decodeUser(). */
  readonly user?: string;
  readonly password?: string;
  /** Lower-case host name, IPv4 address, or IPv6 address in brackets. */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  /** The part after `?`, as on the wire. */
  readonly headers?: string;
}

/** A telephone number (RFC 3966). */
export interface TelUri {
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
}

/** A URI of any other scheme. */
export interface OtherUri {
  readonly scheme: 'other';
  readonly text: string;
}

export type Uri = SipUri | TelUri | OtherUri;

const USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})+$/;
const PASSWORD = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/;
const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9\-_.]*[A-Za-z0-9_.])?$/;
const PARAM = /^(?:[A-Za-z0-9\-_.!~*'()[\]/:&+$`]|%[0-9A-Fa-f]{2})+$/;
/** More than the grammar allows, since proxies put base64 with `=` into values. */
const PARAM_VALUE = /^[\x21\x23-\x3a\x3d\x40-\x7e]*$/;
/** Not allowed in a URI, but some user parts contain it: blanks and non-ASCII letters. */
const BEYOND_URI = /[^\p{Cc}\x21-\x7e]+/gu;
const HEADERS = /^(?:[A-Za-z0-9\-_.!~*'()[\]/?:+$&=]|%[0-9A-Fa-f]{2})*$/;
const TEL_NUMBER = /^(?:\+[0-9\-.()]+|[0-9A-Fa-f*#\-.()]+)$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
const PRINTABLE = /^[\x21-\x3b\x3d\x3f-\x7e]+$/;

/** Parses a URI of any scheme. @throws {SipParseError} it is malformed */
export function parseUri(text: string): Uri {
  const colon = text.indexOf(':');
  const scheme = colon > 0 ? text.slice(0, colon).toLowerCase() : '';
  if (scheme === 'sip' || scheme === 'sips') {
    return parseSipUri(text, scheme, colon + 1);
  }
  if (scheme === 'tel') {
    return parseTelUri(text.slice(4));
  }
  if (!SCHEME.test(scheme) || !PRINTABLE.test(text)) {
    throw new SipParseError('Malformed URI');
  }
  return { scheme: 'other', text };
}

/** Checks a host: name, IPv4 address or bracketed IPv6 reference. Returns it in lower case. @throws {SipParseError} it is malformed */
function checkHost(host: string): string {
  if (host.charCodeAt(0) === 91) {
    if (!host.endsWith(']') || !isIPv6(host.slice(1, -1))) {
      throw new SipParseError('Malformed IPv6 reference');
    }
  } else if (!HOST.test(host)) {
    throw new SipParseError('Malformed host');
  }
  return host.toLowerCase();
}

/** Parses a port, 1 to 65535. @throws {SipParseError} it is malformed */
function checkPort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw new SipParseError('Malformed port');
  }
  return port;
}

/** Parses `host[:port]`. @throws {SipParseError} it is malformed */
export function parseHostPort(text: string): { host: string; port?: number } {
  const bracket = text.lastIndexOf(']');
  const colon = text.indexOf(':', bracket + 1);
  if (colon < 0) {
    return { host: checkHost(text) };
  }
  return { host: checkHost(text.slice(0, colon)), port: checkPort(text.slice(colon + 1)) };
}

function parseSipUri(text: string, scheme: 'sip' | 'sips', from: number): SipUri {
  const at = text.lastIndexOf('@');
  let user: string | undefined;
  let password: string | undefined;
  if (at >= 0) {
    user = text.slice(from, at);
    const colon = user.indexOf(':');
    if (colon >= 0) {
      password = user.slice(colon + 1);
      user = user.slice(0, colon);
      if (!PASSWORD.test(password)) {
        throw new SipParseError('Malformed password in a URI');
      }
    }
    user = user.replace(BEYOND_URI, percentEncoded);
    // Some gateways send `sip:@host` for an unknown caller.
    if (!USER.test(user) && (user !== '' || password !== undefined)) {
      throw new SipParseError('Malformed user in a URI');
    }
    from = at + 1;
  }
  const question = text.indexOf('?', from);
  const headers = question < 0 ? undefined : text.slice(question + 1);
  if (headers !== undefined && !HEADERS.test(headers)) {
    throw new SipParseError('Malformed headers in a URI');
  }
  const beforeHeaders = question < 0 ? text.length : question;
  const semicolon = text.indexOf(';', from);
  const hasParams = semicolon >= 0 && semicolon < beforeHeaders;
  const hostPort = text.slice(from, hasParams ? semicolon : beforeHeaders);
  const params = hasParams ? parseUriParams(text.slice(semicolon + 1, beforeHeaders)) : NO_PARAMS;
  return { scheme, user, password, ...parseHostPort(hostPort), params, headers };
}

function parseUriParams(text: string): Params {
  const params = new Map<string, string | null>();
  for (const part of text.split(';')) {
    if (part === '') {
      continue;
    }
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? null : part.slice(equals + 1);
    if (!PARAM.test(name) || (value !== null && !PARAM_VALUE.test(value))) {
      throw new SipParseError('Malformed parameter in a URI');
    }
    // Phones repeat parameters with the same value, which is harmless. Two different values would be ambiguous.
    if (params.has(name) && params.get(name) !== value) {
      throw new SipParseError(`URI parameter ${name} given twice`);
    }
    params.set(name, value);
  }
  return params;
}

function parseTelUri(text: string): TelUri {
  const semicolon = text.indexOf(';');
  const number = semicolon < 0 ? text : text.slice(0, semicolon);
  if (!TEL_NUMBER.test(number)) {
    throw new SipParseError('Malformed telephone number');
  }
  return {
    scheme: 'tel',
    number,
    params: semicolon < 0 ? NO_PARAMS : parseUriParams(text.slice(semicolon + 1)),
  };
}

/** Formats a URI. */
export function formatUri(uri: Uri): string {
  if (uri.scheme === 'other') {
    return uri.text;
  }
  if (uri.scheme === 'tel') {
    return `tel:${uri.number}${formatParams(uri.params)}`;
  }
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    text += uri.password === undefined ? `${uri.user}@` : `${uri.user}:${uri.password}@`;
  }
  text += uri.host;
  if (uri.port !== undefined) {
    text += `:${uri.port}`;
  }
  if (uri.params.size > 0) {
    text += formatParams(uri.params);
  }
  if (uri.headers !== undefined) {
    text += `?${uri.headers}`;
  }
  return text;
}

/** The unescaped user part (unchanged if it is not UTF-8), or the number of a tel URI without separators. */
export function decodeUser(uri: Uri): string {
  if (uri.scheme === 'tel') {
    return uri.number.replace(/[-.()]/g, '');
  }
  if (uri.scheme === 'other' || uri.user === undefined) {
    return '';
  }
  try {
    return decodeURIComponent(uri.user);
  } catch {
    return uri.user;
  }
}

function percentEncoded(text: string): string {
  return [...encodeText(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** A telephone number with visual separators (RFC 3966 §5.1.1) or blanks. */
const NUMBER = /^\+?[*#.() -]*[0-9][0-9*#.() -]*$/;

/**
 * The party in a URI, for the dial plan and for display. Removes parameters and separators from a telephone number in the user part
 * (`+1-555-0100;npdi` becomes `+15550100`: RFC 3261 §19.1.6, RFC 4694). Other user parts are as from decodeUser().
 */
export function numberOrUser(uri: Uri): string {
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') {
    return decodeUser(uri);
  }
  const number = decodeUser({ ...uri, user: uri.user?.split(';', 1)[0] });
  return NUMBER.test(number) ? number.replace(/[-.() ]/g, '') : decodeUser(uri);
}

/** Escapes text for the user part of a URI. */
export function encodeUser(text: string): string {
  return encodeURIComponent(text).replace(/%(2B|26|3D|24|2C)/gi, (escaped) => decodeURIComponent(escaped));
}

/** The host without brackets, as sockets need it. */
export function bareHost(host: string): string {
  return host.charCodeAt(0) === 91 ? host.slice(1, -1) : host;
}

/** An address as in URIs and Via: IPv6 in brackets. */
export function bracketHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

/** Whether the host is an IP address, with or without brackets. */
export function isAddress(host: string): boolean {
  return isIPv4(host) || isIPv6(bareHost(host));
}

function unescapeUnreserved(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (escaped, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(char) ? char : escaped.toUpperCase();
  });
}

/** Parameters that make URIs differ even if only one of them has it (RFC 3261 §19.1.4). */
const ALWAYS_COMPARED = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Compares URIs (RFC 3261 §19.1.4), except that the order of headers matters. */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.scheme === 'other' || b.scheme === 'other') {
    return a.scheme === b.scheme && formatUri(a) === formatUri(b);
  }
  if (a.scheme === 'tel' || b.scheme === 'tel') {
    return a.scheme === b.scheme && decodeUser(a) === decodeUser(b) && sameParams(a.params, b.params);
  }
  return (
    a.scheme === b.scheme &&
    unescapeUnreserved(a.user ?? '') === unescapeUnreserved(b.user ?? '') &&
    a.password === b.password &&
    a.host === b.host &&
    a.port === b.port &&
    (a.headers ?? '') === (b.headers ?? '') &&
    sameParams(a.params, b.params)
  );
}

function sameParams(a: Params, b: Params): boolean {
  for (const [name, value] of a) {
    if (b.has(name) && value?.toLowerCase() !== b.get(name)?.toLowerCase()) {
      return false;
    }
  }
  return ALWAYS_COMPARED.every((name) => a.has(name) === b.has(name));
}
