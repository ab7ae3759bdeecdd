import { randomUUID } from 'node:crypto';
import type { types } from 'mediasoup-client';
import {
  type ClipTrack,
  type InboundStream,
  MediaEndpoint,
  type NodeHandlerOptions,
} from '../../client/node/index.ts';
import type { LoadClientOptions } from './load-client.ts';
import {
  acceptedSection,
  answerSdp,
  describedMedia,
  offeredStreams,
  offerSdp,
  type SentSection,
  sentSection,
} from './sdp.ts';

export interface SdpTransportOptions {
  receives: boolean;
  /** Whether to negotiate transport-wide congestion control. */
  transportCc: boolean;
  onStream?: (stream: InboundStream) => void;
  mapCandidate?: NonNullable<NodeHandlerOptions['mapCandidate']> | undefined;
}

/** Somebody's two connections: one that sends, and one that receives. */
export function transportPair({
  mapCandidate,
  onStream,
  variant,
}: Pick<LoadClientOptions, 'mapCandidate' | 'onStream' | 'variant'>): {
  sending: SdpTransport;
  receiving: SdpTransport;
} {
  const transportCc = variant.estimation;
  return {
    sending: new SdpTransport({ receives: false, transportCc, mapCandidate }),
    receiving: new SdpTransport({ receives: true, transportCc, mapCandidate, onStream }),
  };
}

/** A WebRTC connection to a server that speaks SDP and is ICE-lite: it either offers tracks once, or answers offers of streams. */
export class SdpTransport {
  readonly connected: Promise<void>;
  readonly #options: SdpTransportOptions;
  readonly #endpoint: MediaEndpoint;
  readonly #received = new Map<string, { ssrc: number; stream: InboundStream }>();
  #sections: Array<{ section: SentSection; track: ClipTrack }> = [];
  #candidates: types.IceCandidate[] = [];
  #description: string | undefined;
  readonly #failed: (error: unknown) => void;
  #connecting = false;

  constructor(options: SdpTransportOptions) {
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.connected = promise;
    this.#failed = reject;
    // Those who do not wait see that nothing arrives.
    promise.catch(() => undefined);
    this.#endpoint = new MediaEndpoint(
      {
        iceServers: [],
        relayOnly: false,
        receives: options.receives,
        steadyArrivals: true,
        stampsPackets: true,
      },
      (state) => {
        if (state === 'connected') {
          resolve();
        } else if (state === 'failed' || state === 'closed') {
          reject(new Error(`the connection ${state}`));
        }
      },
    );
  }

  /** The offer of these tracks, by the ids that the server gets to know. */
  offer(tracks: ReadonlyArray<{ track: ClipTrack; trackId: string }>): string {
    const cname = randomUUID().slice(0, 16);
    this.#sections = tracks.map(({ track, trackId }, index) => ({
      track,
      section: sentSection(
        { mid: String(index), kind: track.kind, trackId },
        cname,
        this.#options.transportCc,
      ),
    }));
    return offerSdp(
      this.#endpoint,
      this.#sections.map(({ section }) => section),
    );
  }

  /** Takes the answer to the offer, and sends. @throws {Error} the server refused a track */
  acceptAnswer(answer: string): void {
    for (const { section, track } of this.#sections) {
      const accepted = acceptedSection(section, answer);
      if (!accepted) {
        throw new Error(`the server refused the ${section.kind}`);
      }
      this.#endpoint.send(track, accepted.rtpParameters, accepted.ssrcs);
    }
    this.#describe(answer);
  }

  /** Takes an offer of streams, the first or a later one, and returns the answer. */
  answer(offer: string): string {
    const { transportCc, onStream } = this.#options;
    const offered = new Map(offeredStreams(offer).map((stream) => [stream.mid, stream]));
    for (const [mid, { ssrc, stream }] of this.#received) {
      if (offered.get(mid)?.rtpParameters.encodings?.[0]?.ssrc !== ssrc) {
        this.#endpoint.receiver?.remove(stream);
        this.#received.delete(mid);
      }
    }
    for (const [mid, { kind, rtpParameters }] of offered) {
      if (this.#received.has(mid)) {
        continue;
      }
      const stream = this.#endpoint.receive(kind, rtpParameters);
      this.#received.set(mid, { ssrc: stream.ssrc, stream });
      onStream?.(stream);
    }
    this.#describe(offer);
    return answerSdp(this.#endpoint, offer, transportCc);
  }

  addCandidates(candidates: readonly types.IceCandidate[]): void {
    this.#candidates.push(...candidates);
    this.#connect();
  }

  close(): void {
    this.#endpoint.close();
  }

  #describe(description: string): void {
    this.#description ??= description;
    this.addCandidates(describedMedia(description).iceCandidates);
  }

  /** Connects once the description and a candidate are known. */
  #connect(): void {
    const [candidate] = this.#candidates;
    if (this.#connecting || this.#description === undefined || !candidate) {
      return;
    }
    this.#connecting = true;
    const remote = describedMedia(this.#description);
    const connect = (mapped: types.IceCandidate): void => {
      if (!this.#endpoint.closed) {
        this.#endpoint.connect({ ...remote, iceCandidates: [mapped] });
      }
    };
    Promise.resolve(this.#options.mapCandidate?.(candidate) ?? candidate).then(connect, this.#failed);
  }
}
