import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** The parts of a request that show where it comes from. */
export interface RequestOrigin {
  headers: IncomingHttpHeaders;
  socket: { remoteAddress?: string | undefined };
}

/**
 * The client address of a request. Each trusted proxy appends the address of its peer to `X-Forwarded-For`, so we count from the right:
 * whatever the client itself wrote is further left (threat case 25). Entries may have ports and, for IPv6, brackets.
 *
 * @param proxies - number of trusted proxies in front of the server; 0: the header is ignored
 * @returns the peer address of the connection if the header has no valid address; `unknown` if the connection is gone
 */
export function clientAddress({ headers, socket }: RequestOrigin, proxies: number): string {
  const direct = withoutPrefix(socket.remoteAddress ?? 'unknown');
  if (proxies === 0) {
    return direct;
  }
  const entries = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  // A request that bypassed some proxies has fewer entries.
  const entry = entries.at(-proxies) ?? entries[0] ?? '';
  const bare = withoutPort(entry.trim());
  return isIP(bare) === 0 ? direct : withoutPrefix(bare);
}

/** Sockets for both families write IPv4 addresses as IPv6. */
function withoutPrefix(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '');
}

function withoutPort(entry: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
}
