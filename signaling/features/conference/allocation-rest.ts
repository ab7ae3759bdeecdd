/** The media plane's decisions, as the REST API reports them. */
import { z } from 'zod';
import { objectId } from '../../../contract/index.ts';
import { roomAllocationReason } from './allocation-reason.ts';

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
      /** The operating points of its layers, measured or else expected. */
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
      /** The last `producer.wanted` sent to its sender. */
      wantedSpatialLayers: z.array(z.boolean()),
      /** Layers that were requested from the sender but do not arrive. */
      missingSpatialLayers: z.array(z.int()),
    }),
  ),
  receivers: z.array(
    z.object({
      peerId: objectId,
      budgetBps: bps,
      /** Its bandwidth estimate; null if unknown or not limiting. */
      estimateBps: bps.nullable(),
      audioBps: bps,
      maxOutgoingBps: bps,
      videoBps: bps,
      /** Whether it has sent `room.layout`; otherwise a uniform grid of all videos is assumed. */
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
      /** Video producers that it consumes but that are not forwarded. */
      heldProducerIds: z.array(objectId),
    }),
  ),
});
