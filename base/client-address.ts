import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** The parts of a request that tell where it comes from. */
export interface RequestOrigin {
  headers: IncomingHttpHeaders;
  socket: { remoteAddress?: string | undefined };
}

/**
 * The address that a request comes from. Each trusted proxy appends to `X-Forwarded-For` who connected to it, so the client is counted from
 * the right: what a client wrote there itself stands further left (threat case 25). Entries may have ports and, with IPv6, brackets.
 *
 * @param proxies how many proxies in front of the server are trusted; 0: the header is not read
 * @returns the other end of the connection where the header names no address; `unknown` where that is gone
 */
export function clientAddress({ headers, socket }: RequestOrigin, proxies: number): string {
  const direct = socket.remoteAddress ?? 'unknown';
  if (proxies === 0) return direct;
  const entries = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  // A request that passed fewer proxies has fewer entries.
  const entry = entries.at(-proxies) ?? entries[0] ?? '';
  const bare = withoutPort(entry.trim());
  return isIP(bare) === 0 ? direct : bare;
}

function withoutPort(entry: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
}
