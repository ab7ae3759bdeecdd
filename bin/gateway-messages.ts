/** IPC messages between `canopy serve` and its phone gateway process. */
import type { Config, ErrorBody } from '../base/index.ts';

export type ToGateway =
  | { type: 'start'; config: Config; url: string }
  /** Answered by `metrics`; also serves as the heartbeat. */
  | { type: 'metrics'; id: number }
  | { type: 'close' };

export type FromGateway =
  | { type: 'ready' }
  /** The gateway could not start, or the server rejected it later. It then exits. */
  | { type: 'failed'; error: ErrorBody }
  | { type: 'metrics'; id: number; text: string };
