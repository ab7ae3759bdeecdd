export type Protocol = 'udp' | 'tcp' | 'tls';

/** An address and port; IPv6 without brackets, IPv4-mapped addresses as IPv4. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where to send a request: found by the resolver from a URI. */
export interface Target extends Endpoint {
  readonly protocol: Protocol;
  /** The name that a TLS certificate must bear; default: the address. */
  readonly serverName?: string;
}

/**
 * The way to one peer: a connection, or a UDP socket and the peer's address. Keep it (as a flow token, RFC 5626) to answer
 * on the same path.
 */
export interface Flow {
  readonly protocol: Protocol;
  readonly reliable: boolean;
  readonly remote: Endpoint;
  /** Host and port that peers reach us by on this flow: what stands in Via and Contact; IPv6 in brackets. */
  readonly advertised: { readonly host: string; readonly port: number };
  /** False once a connection is gone. */
  readonly open: boolean;
  /** Sends one message. Never throws and never waits: a failure closes the flow (connections) or is lost (UDP). */
  send(bytes: Buffer): void;
  /** Calls back once when the flow fails or closes; returns what cancels that. UDP never closes. */
  onClose(listener: (error: Error | undefined) => void): () => void;
}

/** `::ffff:192.0.2.1` as `192.0.2.1`; other addresses as they are, without a scope. */
export function plainAddress(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  const percent = plain.indexOf('%');
  return percent < 0 ? plain : plain.slice(0, percent);
}
