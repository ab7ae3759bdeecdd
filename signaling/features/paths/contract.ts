/** Connection tests: how this client's media would reach the server, without joining a room. */
import { z } from 'zod';
import {
  clientDtlsParameters,
  consumerInfo,
  createdTransport,
  fromMediasoup,
  iceServer,
  nothing,
  objectId,
  rtpCapabilities,
  signature,
} from '../../../contract/index.ts';

/** Directly over UDP or TCP, or through a TURN server. */
const mediaPath = z.enum(['udp', 'tcp', 'relay']);

export const PATH_REQUESTS = {
  /** Starts a test, ending the connection's previous one. It ends after 20 s. */
  'path.open': {
    data: nothing,
    result: z.object({
      routerRtpCapabilities: fromMediasoup,
      /** For `relay`, which the client must not use for the other paths. */
      iceServers: z.array(iceServer),
      /** The paths that the server offers. Calls use the first one that connects. */
      paths: z.array(mediaPath),
      /** What a call may send to this client, in bits per second. */
      maxBitrateBps: z.number(),
    }),
  },
  /** Creates the transport for one path, with a consumer of test packets: VP8 video that never yields a frame. */
  'path.create': {
    data: z.object({ path: mediaPath, rtpCapabilities }),
    result: createdTransport.extend({ consumer: consumerInfo }),
  },
  /** As `transport.connect`. */
  'path.connect': {
    data: z.object({ transportId: objectId, dtlsParameters: clientDtlsParameters, signature }),
    result: nothing,
  },
  /**
   * Sends test packets for a second, once per load: `light` is 100 small packets, which no network should lose; `full` is as much as a call
   * may send, at most 4 Mbit/s. Answered when they are sent, which takes a busy server longer (`durationMs`).
   */
  'path.send': {
    data: z.object({ transportId: objectId, load: z.enum(['light', 'full']) }),
    result: z.object({ packets: z.number(), bytes: z.number(), durationMs: z.number() }),
  },
  'path.close': { data: nothing, result: nothing },
} as const;

type PathRequests = typeof PATH_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends PathRequests {}
}
