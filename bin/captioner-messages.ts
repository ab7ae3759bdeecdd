/** IPC messages between `canopy serve` and its captioner process. */
import type { Config, ErrorBody } from '../base/index.ts';
import type { ListenOptions, Spoken } from '../signaling/index.ts';
import type { FromChild, ToChild } from './child-supervisor.ts';

export type ToCaptioner =
  | { type: 'begin'; config: Config; url: string }
  /** Answered by `done` or `refused`. */
  | { type: 'start'; id: number; options: ListenOptions }
  /** Answered by `done`. */
  | { type: 'stop'; id: number; roomId: string }
  | ToChild;

export type FromCaptioner =
  | { type: 'done'; id: number }
  | { type: 'refused'; id: number; error: ErrorBody }
  | { type: 'spoken'; roomId: string; spoken: Spoken }
  | { type: 'unheard'; roomId: string }
  | { type: 'ended'; roomId: string; error: ErrorBody }
  | FromChild;
