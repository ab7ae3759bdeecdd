/** What the page and its transform worker tell each other. */
import type { EpochKeys } from '../../../../contract/sframe/index.ts';
import type { FrameCounts, FrameOrigin } from './frame-cipher.ts';

/** The options of an RTCRtpScriptTransform. */
export interface CipherOptions extends FrameOrigin {
  /** Names the track in messages. */
  trackId: number;
  side: 'send' | 'receive';
  /** Receivers: the member that sends, as EpochKeys name it. */
  memberId: string | undefined;
}

export type ToWorker = { type: 'epoch'; keys: EpochKeys } | { type: 'counts' } | { type: 'close' };

export type FromWorker =
  | { type: 'ready' }
  | { type: 'gap' | 'ended'; trackId: number }
  /** By track id; of tracks whose transform runs. */
  | { type: 'counts'; counts: ReadonlyMap<number, FrameCounts> };
