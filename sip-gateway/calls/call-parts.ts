import type { CallerVerification, ParticipantAttributes } from '../../contract/index.ts';
import type { CallSettings } from './call-settings.ts';

export interface CallParts {
  /** Default: a random UUID. */
  callId?: string;
  direction: 'incoming' | 'outgoing';
  remote: string;
  dialled: string;
  trunk: string | null;
  roomId: string | null;
  displayName: string;
  /** Of its phone or trunk. */
  settings: CallSettings;
  /** What the trunk says about the caller. */
  attributes?: ParticipantAttributes | undefined;
  /** What is known about the caller's number. */
  verification?: CallerVerification | undefined;
}

/** Set for a call that an earlier process has taken or made, and that goes on. Unix times in milliseconds; null: not answered. */
export interface EarlierCall {
  startedAtMs: number;
  answeredAtMs: number | null;
}
