import { isIP } from 'node:net';
import { z } from 'zod';
import { isLoopback } from '../addresses/index.ts';
import { isHost, webOrigin } from '../hosts.ts';

/** A Node timer runs at most 2³¹ − 1 ms; this is that limit in seconds, rounded down to whole days. */
export const MAX_TIMER_SECONDS = 24 * 86_400;

interface Range {
  min?: number;
  max?: number;
}

/** A number, or its decimal text in the environment and on the command line. An empty text is not a number. */
function number({ min = 0, max = Number.MAX_SAFE_INTEGER }: Range, whole: boolean) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const error = `write a ${whole ? 'whole ' : ''}number ${range}`;
  const base = z.number({ error }).min(min, { error }).max(max, { error });
  return z.preprocess(
    (value) => (typeof value === 'string' && value.trim() !== '' && isDecimal(value) ? Number(value) : value),
    whole ? base.int({ error }) : base,
  );
}

function isDecimal(value: string): boolean {
  return Number.isFinite(Number(value));
}

export const decimal = (range: Range = {}) => number(range, false);
export const count = (range: Range = {}) => number(range, true);
export const port = count({ max: 65_535 });

export const flag = z.preprocess(
  (value) => (value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value),
  z.boolean({ error: 'write true or false' }),
);

/** Number of trusted proxies in front of the server; as a flag, `true` means one. */
export const proxyCount = z.preprocess(
  (value) => (value === 'true' || value === true ? 1 : value === 'false' || value === false ? 0 : value),
  number({ max: 10 }, true),
);

/** Non-empty text without control characters. */
export const text = z.string().regex(/^\P{Cc}+$/u, { error: 'write text without control characters' });

/** A list; in the environment and on the command line, items are comma-separated. */
export function list<T extends string>(item: z.ZodType<T, T>) {
  return z.preprocess(
    (value) =>
      typeof value === 'string'
        ? value
            .split(',')
            .map((each) => each.trim())
            .filter(Boolean)
        : value,
    z.array(item),
  );
}

/** An address to listen on, or a host name of this machine. */
export const listenHost = z
  .string()
  .refine(isHost, { error: 'write an IP address of this machine, such as 127.0.0.1, or :: for all' });

/** An address or host name at which others reach this host: no port, scheme or brackets. */
export const publicHost = z
  .string()
  .refine((value) => isHost(value) && !(isIP(value) !== 0 && /^[0.:]+$/.test(value)), {
    error: 'write an IP address or a host name without scheme and port, such as 203.0.113.7 or meet.example',
  });

/** An IP address, or a network in CIDR notation. */
export const addressRange = z.string().refine(isAddressRange, {
  error: 'write an IP address, or a network such as 10.1.2.0/24',
});

function isAddressRange(value: string): boolean {
  const [address = '', bits, ...more] = value.split('/');
  const max = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return (
    more.length === 0 && max > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= max))
  );
}

/** A web origin, normalised as browsers write it. */
export const origin = z
  .string()
  .refine(isOrigin, {
    error: 'write a web origin: http:// or https://, a host, and a port if needed, without a path',
    abort: true,
  })
  .overwrite((value) => webOrigin(value) ?? value);

function isOrigin(value: string): boolean {
  if (webOrigin(value) === null) {
    return false;
  }
  const { pathname, search, hash, username, password } = new URL(value);
  return /^https?:\/\//i.test(value) && pathname === '/' && `${search}${hash}${username}${password}` === '';
}

/** An e-mail address without a display name. */
export const email = z.email({ error: 'write an e-mail address such as admin@example.com' }).max(254);

/** An https:// URL. */
export const httpsUrl = z
  .url({ protocol: /^https$/, error: 'write an https:// URL' })
  .regex(/^[^\s@#]+$/, { error: 'write an https:// URL without user and fragment' });

/** Identifier of an OpenID Connect provider (OpenID Connect Core 1.0, section 2), as the provider writes it. */
export const issuer = z.string().refine(isIssuer, {
  error: 'write the provider’s issuer: an https:// URL without query and fragment (http:// only on loopback)',
});

function isIssuer(value: string): boolean {
  if (!URL.canParse(value) || /[\s?#@]/.test(value)) {
    return false;
  }
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}

function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

/** An OAuth scope (RFC 6749, section 3.3). */
export const scope = z
  .string()
  .regex(/^[!#-[\]-~]+$/, { error: 'write a scope without spaces, such as openid' });

/** The part of e-mail addresses behind the @. */
export const domain = z
  .string()
  .refine((value) => isHost(value) && isIP(value) === 0, { error: 'write a domain such as example.com' })
  .overwrite((value) => value.toLowerCase());

/** RFC 7064 and RFC 7065, as browsers accept them. */
const ICE_URL =
  /^(?:(stuns?)|turns?):(\[[\d:a-f.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?(\?transport=(?:udp|tcp))?$/i;

export const iceUrl = z.string().refine(
  (value) => {
    const [, stun, host = '', portText = '1', transport] = ICE_URL.exec(value) ?? [];
    const portNumber = Number(portText);
    return (
      isHost(host.replace(/^\[(.*)\]$/, '$1')) &&
      portNumber > 0 &&
      portNumber <= 65_535 &&
      !(stun !== undefined && transport !== undefined)
    );
  },
  { error: 'write stun:HOST, turn:HOST or turns:HOST, with :PORT and ?transport=tcp if needed' },
);

/** Whether an ICE URL needs credentials. */
export function isTurnUrl(value: string): boolean {
  return /^turns?:/i.test(value);
}

/** URL of a PostgreSQL database, as libpq and `pg` take it. */
export const postgresUrl = z.string().refine(isPostgresUrl, {
  error: 'write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded',
});

function isPostgresUrl(value: string): boolean {
  return /^postgres(?:ql)?:\/\/\S+$/.test(value) && URL.canParse(value) && new URL(value).pathname.length > 1;
}
