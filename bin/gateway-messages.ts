/** What `canopy serve` and its phone gateway, a process of its own, say to each other over Node's IPC channel. */
import type { Config, ErrorBody } from '../base/index.ts';

export type ToGateway =
  | { type: 'start'; config: Config; url: string }
  /** Answered by `metrics`, which also shows that the process is alive. */
  | { type: 'metrics'; id: number }
  | { type: 'close' };

export type FromGateway =
  | { type: 'ready' }
  /** It could not start, or the server turned it away later; it ends by itself. */
  | { type: 'failed'; error: ErrorBody }
  | { type: 'metrics'; id: number; text: string };
