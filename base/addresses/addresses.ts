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

/** The 4 bytes of an IPv4 address, or the 16 of an IPv6 one, without its zone. */
export function addressBytes(address: string): Uint8Array {
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) {
    return Uint8Array.from(bare.split('.', 4), Number);
  }
  // The URL parser normalises every spelling of an address.
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Uint8Array.from(
    groups.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 255];
    }),
  );
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
  const bytes = addressBytes(bare);
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255) {
    return bytes.subarray(12).join('.');
  }
  const group = (index: number) => (((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)).toString(16);
  return `${[0, 2, 4, 6].map(group).join(':')}::/64`;
}
