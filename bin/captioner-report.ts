import type { Spoken } from '../signaling/index.ts';

/** What somebody said, or that the transcription service stopped answering. */
export type CaptionerReport = Spoken | 'unheard';
