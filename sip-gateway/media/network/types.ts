import type { Endpoint } from '../rtp/index.ts';

/** `arrivalMs`: when it came, of the clock of performance.now(). The datagram is the handler's to keep; `source` holds until it returns. */
export type DatagramHandler = (datagram: Uint8Array, source: Endpoint, arrivalMs: number) => void;

/** A bound UDP port. It knows IP addresses only (no name lookup a packet) and does not say when sending fails: RTP goes on regardless. */
export interface UdpPort {
  readonly port: number;
  send(datagram: Uint8Array, target: Endpoint): void;
  /** What was sent is on its way, and the port is free. Idempotent. */
  close(): void;
}

/** Packets that did not leave, by reason. Null where that is not told. */
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
  /** Why it is portable. */
  reason?: string;
}

export interface NetworkStats {
  failed: SendFailures | null;
  /** Longer than any packet of media, and dropped. */
  oversized: number;
  /** Most that a packet left after its time, in ms. */
  departureLatenessMaxMs: number | null;
  /** CPU time of threads of its own, in seconds. */
  cpuSeconds: number;
}

/** The UDP of one media thread. */
export interface Network {
  readonly capabilities: NetworkCapabilities;
  /** Throws when the port is taken. `port` 0: any free one. */
  bind(ip: string, port: number, onDatagram: DatagramHandler): Promise<UdpPort>;
  /** Hands out what has come since the last time, where that does not happen by itself. */
  receive(): void;
  /** Lets what was sent since the last time leave, at `departureMs` of performance.now() where it can. */
  flush(departureMs: number): void;
  stats(): NetworkStats;
  close(): void;
}
