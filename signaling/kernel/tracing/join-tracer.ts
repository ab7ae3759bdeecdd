import type { Config, Logger } from '../../../base/index.ts';
import type { JoinTrace } from './join-trace.ts';

/** Traces the joins of people and programs. */
export interface JoinTracer {
  /**
   * Starts the trace of a connection that is open now.
   *
   * @param opening `openedAtMs`: monotonic time at which its WebSocket opened; `traceparent`: what the client sent as W3C trace context, unchecked
   */
  begin(opening: { openedAtMs: number; traceparent: unknown }): JoinTrace;
  /** Exports what is left, for at most two seconds. */
  close(): Promise<void>;
}

export interface JoinTracerOptions {
  config: Config;
  log: Logger;
  version: string;
  /** Spans were taken by the collector, or not. */
  exported(outcome: 'exported' | 'failed', count: number): void;
}
