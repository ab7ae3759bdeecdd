/** A transport address: where packets come from or go to. */
export interface Endpoint {
  address: string;
  port: number;
}

/** `arrivalMs`: arrival time, by performance.now(). The handler may keep the datagram, but `source` only until it returns. */
export type DatagramHandler = (datagram: Uint8Array, source: Endpoint, arrivalMs: number) => void;

/** A bound UDP port. Targets are IP addresses, never names. Failures to send are not reported, as RTP tolerates loss. */
export interface UdpPort {
  readonly port: number;
  send(datagram: Uint8Array, target: Endpoint): void;
  /** Sends what is queued, then releases the port. Idempotent. */
  close(): void;
}

/** Packets that could not be sent, by reason. */
export interface SendFailures {
  wouldBlock: number;
  noBuffers: number;
  refused: number;
  unreachable: number;
  other: number;
  queueFull: number;
}

export interface NetworkCapabilities {
  implementation: 'native' | 'portable';
  /** Why the portable implementation is used. */
  reason?: string;
}

export interface NetworkStats {
  /** Null if the implementation does not count failures. */
  failed: SendFailures | null;
  /** Received datagrams that were dropped because they were too long for a media packet. */
  oversized: number;
  /** Maximum delay of a packet's departure after its due time, in milliseconds. */
  departureLatenessMaxMs: number | null;
  /** CPU time of native threads, in seconds. */
  cpuSeconds: number;
}

export interface BindOptions {
  /** Size of the kernel's receive buffer, in bytes, as far as the system allows it. Default: the system's. */
  receiveBytes?: number;
}

/** The UDP of one media thread. */
export interface Network {
  readonly capabilities: NetworkCapabilities;
  /** `port` 0: any free one. @throws {Error} the port is in use */
  bind(ip: string, port: number, onDatagram: DatagramHandler, options?: BindOptions): Promise<UdpPort>;
  /** Delivers received packets, if the implementation does not deliver them at once. */
  receive(): void;
  /** Schedules the packets sent since the last call to leave at `departureMs` (performance.now()), if the implementation supports it. */
  flush(departureMs: number): void;
  stats(): NetworkStats;
  close(): void;
}
