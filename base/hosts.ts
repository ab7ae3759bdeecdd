import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { urlHost } from './addresses/index.ts';

/** Labels of letters, digits, hyphens and underscores (RFC 1123 §2.1; underscores are common in private networks). */
const DNS_NAME = /^(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?$/i;

/**
 * Whether this is a host name that a URL can hold. A name whose last label is a number is not: URLs parse it as an IPv4 address (WHATWG
 * URL, host parsing).
 */
function isHostName(value: string): boolean {
  if (/[\s/?#@:%[\]\\]/.test(value)) {
    return false;
  }
  const ascii = domainToASCII(value);
  return DNS_NAME.test(ascii) && isIP(ascii) === 0;
}

/** Whether this is an IP address without a zone, or a host name. */
export function isHost(value: string): boolean {
  return (isIP(value) !== 0 && !value.includes('%')) || isHostName(value);
}

/** The web origin of an `http:` or `https:` URL as browsers write it: lower case, without a default port. Null for any other text. */
export function webOrigin(url: string): string | null {
  if (!URL.canParse(url)) {
    return null;
  }
  const { protocol, origin, hostname } = new URL(url);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' ? origin : null;
}

/** The web origin for a host and port, or null if no URL can hold the host. */
export function originOf(scheme: 'http' | 'https', host: string, port: number): string | null {
  return isHost(host) ? webOrigin(`${scheme}://${urlHost(host)}:${port}`) : null;
}
