import { isIPv6 } from 'node:net';

/** Whether this is the unspecified address: listening on it means listening on all addresses, and nothing can be sent to it. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Whether this is a loopback address; also accepts IPv4 in the IPv6 notation of dual-stack sockets. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.[\d.]+$|^::1$/.test(address);
}

/** Formats a host name or address for a URL or SIP URI: IPv6 goes in brackets (RFC 3986 §3.2.2). */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * The network an address belongs to, within which one subscriber can choose addresses freely: the address itself for IPv4 (also when
 * written as IPv6), the /64 for IPv6 (RFC 6177). Anything else is returned unchanged.
 */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) {
    return address;
  }
  // The URL parser normalises every spelling of an address.
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  if (groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff') {
    const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
