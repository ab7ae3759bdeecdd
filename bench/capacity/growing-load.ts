/** People in a server that is being measured, whose number can be raised. */
export interface GrowingLoad {
  /** Brings it to so many units in all, rooms or phones. Resolves when everything that should arrive does, or has had time to. */
  growTo(units: number): Promise<void>;
  /** Measures what arrives. */
  measure(seconds: number): Promise<LoadWindow>;
  close(): Promise<void>;
}

export interface LoadWindow {
  packetsPerSecond: number;
  lossShare: number;
  /** From sending to arriving, in milliseconds. */
  delay: { p50Ms: number; p99Ms: number };
  /** From the server and to it, with UDP and IP. */
  sentMbps: number;
  receivedMbps: number;
  /** Whether everything arrives that should. */
  complete: boolean;
  /** Cores that the busiest process of the load used. */
  busiestLoad: number;
}
