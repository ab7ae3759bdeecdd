/** Media plane decisions as reported by the REST API. */
import { z } from 'zod';
import { objectId } from '../../../contract/index.ts';
import { roomAllocationReason } from './contract.ts';

const bps = z.number().describe('In bits per second.');
const layers = z.object({ spatialLayer: z.int(), temporalLayer: z.int() }).nullable();

/** Who receives what in a room, and what limits it. */
export const roomAllocation = z.object({
  roomId: z.string(),
  pictures: z.array(
    z.object({
      producerId: objectId,
      peerId: objectId,
      source: z.enum(['camera', 'screen']),
      paused: z.boolean(),
      speaking: z.boolean(),
      lastSpokeSecondsAgo: z.number().nullable(),
      /** What its layers take, measured or else expected. */
      points: z.array(
        z.object({
          spatialLayer: z.int(),
          temporalLayer: z.int(),
          bitrateBps: bps,
          packetsPerSecond: z.number(),
          heightPx: z.number(),
          framesPerSecond: z.number(),
          sent: z.boolean(),
        }),
      ),
      /** What its sender was told last. */
      wantedSpatialLayers: z.array(z.boolean()),
      /** Layers that the sender was asked for and does not send. */
      missingSpatialLayers: z.array(z.int()),
    }),
  ),
  receivers: z.array(
    z.object({
      peerId: objectId,
      budgetBps: bps,
      /** What its bandwidth estimation allows; null: not known, or no less than it may be sent. */
      estimateBps: bps.nullable(),
      audioBps: bps,
      maxOutgoingBps: bps,
      videoBps: bps,
      /** Whether it has said what it shows; else all pictures in an even grid are assumed. */
      layoutTold: z.boolean(),
      tiles: z.array(
        z.object({
          producerId: objectId,
          widthPx: z.number(),
          heightPx: z.number(),
          pinned: z.boolean(),
          class: z.string(),
          layers,
          bitrateBps: bps,
          priority: z.int(),
          reason: roomAllocationReason,
        }),
      ),
      /** Pictures that it subscribed to and gets nothing of. */
      heldProducerIds: z.array(objectId),
    }),
  ),
});
