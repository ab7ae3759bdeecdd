/** Producers and consumers, as clients see them. */
import { z } from 'zod';
import { objectId } from './common.ts';
import { mediaKind } from './rtp-codecs.ts';

/** Where a producer's media comes from. */
export const mediaSource = z.enum(['microphone', 'camera', 'screen', 'screen-audio']);
export type MediaSource = z.infer<typeof mediaSource>;
export const AUDIO_SOURCES: ReadonlySet<MediaSource> = new Set(['microphone', 'screen-audio']);

export const producerInfo = z.object({
  producerId: objectId,
  participantId: objectId,
  kind: mediaKind,
  source: mediaSource,
  paused: z.boolean(),
});
export type ProducerInfo = z.infer<typeof producerInfo>;

/** RTP parameters and capabilities created by the server, for mediasoup-client. */
export const fromMediasoup = z.record(z.string(), z.unknown());

export const consumerInfo = z.object({
  consumerId: objectId,
  producerId: objectId,
  kind: mediaKind,
  rtpParameters: fromMediasoup,
  type: z.enum(['simple', 'simulcast', 'svc', 'pipe']),
  producerPaused: z.boolean(),
});
export type ConsumerInfo = z.infer<typeof consumerInfo>;
