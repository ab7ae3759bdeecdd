/** IPC messages between `canopy serve` and a process that joins rooms for it: the captioner, the broadcaster. */
import type { Config, ErrorBody } from '../base/index.ts';
import type { FromChild, ToChild } from './child-supervisor.ts';

export type ToRoomProgram<Options> =
  | { type: 'begin'; config: Config; url: string }
  /** Answered by `done` or `refused`. */
  | { type: 'start'; id: number; options: Options }
  /** Answered by `done`. */
  | { type: 'stop'; id: number; roomId: string }
  | ToChild;

export type FromRoomProgram<Report> =
  | { type: 'done'; id: number }
  | { type: 'refused'; id: number; error: ErrorBody }
  /** Something that the room should know. `startId`: the id of the start. */
  | { type: 'report'; startId: number; roomId: string; report: Report }
  /** It has left the room by itself. */
  | { type: 'ended'; startId: number; roomId: string; error: ErrorBody }
  | FromChild;
