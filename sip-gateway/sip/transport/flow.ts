export type Protocol = 'udp' | 'tcp' | 'tls';

/** An address and port. IPv6 without brackets; IPv4-mapped addresses as IPv4. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where to send a request, as resolved from a URI. */
export interface Target extends Endpoint {
  readonly protocol: Protocol;
  /** The name that a TLS certificate must be valid for. Default: the address. */
  readonly serverName?: string;
}

/**
 * The path to one peer (RFC 5626): a connection, or a UDP socket and the peer's address. Keep it to answer on the same path.
 */
export interface Flow {
  readonly protocol: Protocol;
  readonly reliable: boolean;
  readonly remote: Endpoint;
  /** Our host and port in Via and Contact on this flow. IPv6 in brackets. */
  readonly advertised: { readonly host: string; readonly port: number };
  /** False once the connection is closed. */
  readonly open: boolean;
  /** Sends one message. Never throws and never blocks. A failure closes a connection; over UDP the message is lost. */
  send(bytes: Buffer): void;
  /** Calls back once when the flow fails or closes. Returns a function that cancels this. UDP flows never close. */
  onClose(listener: (error: Error | undefined) => void): () => void;
}

/** Removes the scope of an address, and converts an IPv4-mapped one (`::ffff:192.0.2.1`) to IPv4. */
export function plainAddress(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  const percent = plain.indexOf('%');
  return percent < 0 ? plain : plain.slice(0, percent);
}
