export type Protocol = 'udp' | 'tcp' | 'tls';
/** How a peer is connected: also over a WebSocket (RFC 7118), which only the peer can open. */
export type FlowProtocol = Protocol | 'ws' | 'wss';

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
  readonly protocol: FlowProtocol;
  readonly reliable: boolean;
  readonly remote: Endpoint;
  /** Our host and port in Via and Contact on this flow. IPv6 in brackets. */
  readonly advertised: { readonly host: string; readonly port: number };
  /** False once the connection is closed. */
  readonly open: boolean;
  /**
   * Connections only: marks the peer as a user of ours, which may stay silent or send only keep-alives. A stranger may not, or four bytes
   * would occupy a connection for an hour (threat 70).
   */
  trust?(): void;
  /** Connections that the peer opened: closes this one if keep-alives that it has begun to send stop for this long, in milliseconds. */
  expectPings?(silenceMs: number): void;
  /** TLS connections that the peer opened: the certificates that it presented, DER, leaf first. None if it presented none. */
  peerCertificates?(): readonly Buffer[];
  /** Sends a keep-alive. A connection is closed if it then receives nothing within `answerMs`; default: no answer is needed. */
  ping?(answerMs?: number): void;
  /** Sends one message. Never throws and never blocks. A failure closes a connection; over UDP the message is lost. */
  send(bytes: Buffer): void;
  /** Calls back once when the flow fails or closes. Returns a function that cancels this. UDP flows never close. */
  onClose(listener: (error: Error | undefined) => void): () => void;
}

/** Whether messages on flows of this protocol are encrypted. */
export function isOverTls(protocol: FlowProtocol): boolean {
  return protocol === 'tls' || protocol === 'wss';
}

/** Removes the scope of an address, and converts an IPv4-mapped one (`::ffff:192.0.2.1`) to IPv4. */
export function plainAddress(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  const percent = plain.indexOf('%');
  return percent < 0 ? plain : plain.slice(0, percent);
}
