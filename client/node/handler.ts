import { randomInt, randomUUID } from 'node:crypto';
import type { types } from 'mediasoup-client';
import { EnhancedEventEmitter } from 'mediasoup-client/enhancedEvents';
import type {
  HandlerEvents,
  HandlerFactory,
  HandlerInterface,
  HandlerOptions,
  HandlerReceiveDataChannelResult,
  HandlerReceiveOptions,
  HandlerReceiveResult,
  HandlerSendDataChannelResult,
  HandlerSendOptions,
  HandlerSendResult,
} from 'mediasoup-client/handlers/HandlerInterface';
import * as ortc from 'mediasoup-client/ortc';
import { nativeRtpCapabilities } from './capabilities.ts';
import { MediaEndpoint } from './media-endpoint.ts';
import type { LinkCounters } from './media-link.ts';
import { type InboundStream, ReceivedTrack, receiverStats } from './receive/index.ts';
import { ClipTrack, type RtpSender, SenderView, senderStats } from './send/index.ts';

/** The handler name that mediasoup-client reports. */
const HANDLER_NAME = 'CanopyNode';

export interface NodeHandlerOptions {
  /** Rewrites each of the server's candidates before it is used, e.g. to its address behind a relay. */
  mapCandidate?: (candidate: types.IceCandidate) => types.IceCandidate | Promise<types.IceCandidate>;
  /** Receives the counters of each new transport; they are updated in place. */
  onTransport?: (direction: 'send' | 'recv', counters: LinkCounters) => void;
  /**
   * Reports packets to the server's bandwidth estimation as if all had the same delay, so that when many peers share a process its own
   * delays are not mistaken for the network's. Default: actual arrival times.
   */
  steadyArrivals?: boolean;
  /** Whether to offer transport-wide congestion control, from which the server estimates bandwidth. Default true. */
  transportCc?: boolean;
  /** Writes the time of sending behind each payload, for `stampAgeMs()` at a receiver; no decoder can decode that. Default false. */
  stampsPackets?: boolean;
}

/**
 * mediasoup-client's handler over node-datachannel: one link per transport, on which senders and receivers come and go without any SDP.
 * Tracks to send are ClipTracks, received ones are ReceivedTracks. Not supported: data channels, and ICE restart (libdatachannel has none:
 * a lost transport is replaced).
 */
class NodeHandler extends EnhancedEventEmitter<HandlerEvents> implements HandlerInterface {
  readonly #options: HandlerOptions;
  readonly #mapCandidate: NonNullable<NodeHandlerOptions['mapCandidate']>;
  readonly #transportCc: boolean;
  readonly #endpoint: MediaEndpoint;
  readonly #senders = new Map<string, RtpSender>();
  readonly #received = new Map<string, InboundStream>();
  readonly #cname = randomUUID().slice(0, 16);
  #connecting: Promise<void> | undefined;
  #closed = false;
  #nextMid = 0;

  constructor(
    options: HandlerOptions,
    {
      mapCandidate,
      onTransport,
      steadyArrivals = false,
      transportCc = true,
      stampsPackets = false,
    }: NodeHandlerOptions,
  ) {
    super();
    this.#options = options;
    this.#mapCandidate = mapCandidate ?? ((candidate) => candidate);
    this.#transportCc = transportCc;
    this.#endpoint = new MediaEndpoint(
      {
        iceServers: options.iceServers ?? [],
        relayOnly: options.iceTransportPolicy === 'relay',
        receives: options.direction === 'recv',
        steadyArrivals,
        stampsPackets,
      },
      (state) => this.emit('@connectionstatechange', state),
    );
    onTransport?.(options.direction, this.#endpoint.counters);
  }

  get name(): string {
    return HANDLER_NAME;
  }

  override close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#endpoint.close();
    this.emit('@close');
    super.close();
  }

  /** No effect: a link keeps the servers it was created with. */
  async updateIceServers(): Promise<void> {}

  async restartIce(): Promise<void> {
    throw new DOMException('libdatachannel has no ICE restart', 'NotSupportedError');
  }

  async getTransportStats(): Promise<RTCStatsReport> {
    return new Map();
  }

  async send(options: HandlerSendOptions): Promise<HandlerSendResult> {
    const { track } = options;
    if (!(track instanceof ClipTrack)) {
      throw new TypeError('only ClipTracks can be sent');
    }
    const extended = this.#options.getSendExtendedRtpCapabilities(
      nativeRtpCapabilities('sendonly', this.#transportCc),
    );
    const rtpParameters = ortc.getSendingRtpParameters(track.kind, extended);
    const codec =
      options.codec ?? rtpParameters.codecs.find(({ mimeType }) => codecOf(mimeType) === track.codec);
    if (!codec || codecOf(codec.mimeType) !== track.codec) {
      throw new DOMException(
        `the clip is ${track.codec}, but another codec is to be sent`,
        'NotSupportedError',
      );
    }
    rtpParameters.codecs = ortc.reduceCodecs(rtpParameters.codecs, codec as types.RtpCodecCapability);
    await this.#connect();
    const localId = String(this.#nextMid++);
    const hasRtx = rtpParameters.codecs.length > 1;
    const given = options.encodings?.length ? options.encodings : [{}];
    const ssrcs = given.map(() => ({ ssrc: newSsrc(), ...(hasRtx && { rtxSsrc: newSsrc() }) }));
    rtpParameters.mid = localId;
    rtpParameters.msid = `${options.streamId ?? this.#cname} ${track.id}`;
    rtpParameters.rtcp = { cname: this.#cname, reducedSize: true, mux: true };
    // As browsers do: simulcast is signalled by RIDs, a single encoding by its SSRC.
    rtpParameters.encodings = given.map((encoding, index) => {
      if (given.length > 1) {
        return { ...encoding, rid: `r${index}` };
      }
      const { ssrc, rtxSsrc } = ssrcs[index] as { ssrc: number; rtxSsrc?: number };
      return { ...encoding, ssrc, ...(rtxSsrc !== undefined && { rtx: { ssrc: rtxSsrc } }) };
    });
    const sender = this.#endpoint.send(track, rtpParameters, ssrcs);
    this.#senders.set(localId, sender);
    const rtpSender = new SenderView(sender) as unknown as RTCRtpSender;
    options.onRtpSender?.(rtpSender);
    return { localId, rtpParameters, rtpSender };
  }

  async stopSending(localId: string): Promise<void> {
    const sender = this.#senders.get(localId);
    if (sender) {
      this.#endpoint.stopSending(sender);
    }
    this.#senders.delete(localId);
  }

  async pauseSending(localId: string): Promise<void> {
    this.#sender(localId).setPaused(true);
  }

  async resumeSending(localId: string): Promise<void> {
    this.#sender(localId).setPaused(false);
  }

  async replaceTrack(localId: string, track: MediaStreamTrack | null): Promise<void> {
    if (track !== null && !(track instanceof ClipTrack)) {
      throw new TypeError('only ClipTracks can be sent');
    }
    this.#sender(localId).replaceTrack(track);
  }

  async setMaxSpatialLayer(localId: string, spatialLayer: number): Promise<void> {
    const sender = this.#sender(localId);
    sender.setEncodings(sender.encodings.map((_, index) => ({ active: index <= spatialLayer })));
  }

  async setRtpEncodingParameters(
    localId: string,
    parameters: Partial<RTCRtpEncodingParameters>,
  ): Promise<void> {
    const sender = this.#sender(localId);
    sender.setEncodings(sender.encodings.map(() => parameters));
  }

  async getSenderStats(localId: string): Promise<RTCStatsReport> {
    return senderStats(this.#sender(localId));
  }

  async receive(optionsList: HandlerReceiveOptions[]): Promise<HandlerReceiveResult[]> {
    await this.#connect();
    return optionsList.map(({ kind, rtpParameters, onRtpReceiver }) => {
      const localId = String(this.#nextMid++);
      const stream = this.#endpoint.receive(kind, rtpParameters);
      this.#received.set(localId, stream);
      // Transforms are the only thing that it has of a receiver's.
      onRtpReceiver?.(stream as unknown as RTCRtpReceiver);
      return { localId, track: new ReceivedTrack(kind, stream) };
    });
  }

  async stopReceiving(localIds: string[]): Promise<void> {
    for (const localId of localIds) {
      const stream = this.#received.get(localId);
      if (stream) {
        this.#endpoint.receiver?.remove(stream);
      }
      this.#received.delete(localId);
    }
  }

  /** No effect: consumers are paused at the server. */
  async pauseReceiving(): Promise<void> {}

  async resumeReceiving(): Promise<void> {}

  async getReceiverStats(localId: string): Promise<RTCStatsReport> {
    const stream = this.#received.get(localId);
    return stream ? receiverStats(stream) : new Map();
  }

  async sendDataChannel(): Promise<HandlerSendDataChannelResult> {
    throw new DOMException('no data channels', 'NotSupportedError');
  }

  async receiveDataChannel(): Promise<HandlerReceiveDataChannelResult> {
    throw new DOMException('no data channels', 'NotSupportedError');
  }

  getDataChannelMaxMessageSize(): undefined {}

  #sender(localId: string): RtpSender {
    const sender = this.#senders.get(localId);
    if (!sender) {
      throw new TypeError(`no sender ${localId}`);
    }
    return sender;
  }

  /** Sends our DTLS parameters to the server and starts ICE, once. Can be retried after a failure. */
  async #connect(): Promise<void> {
    this.#connecting ??= new Promise<void>((resolve, reject) => {
      this.safeEmit('@connect', { dtlsParameters: this.#endpoint.dtlsParameters }, resolve, reject);
    }).then(
      async () => {
        const { iceParameters, iceCandidates, dtlsParameters } = this.#options;
        const candidates = await Promise.all(iceCandidates.map(this.#mapCandidate));
        if (this.#closed) {
          return;
        }
        this.#endpoint.connect({ iceParameters, iceCandidates: candidates, dtlsParameters });
      },
      (error) => {
        this.#connecting = undefined;
        throw error;
      },
    );
    await this.#connecting;
  }
}

function newSsrc(): number {
  return randomInt(1, 0xffff_ffff);
}

function codecOf(mimeType: string): string {
  return mimeType.slice(mimeType.indexOf('/') + 1).toLowerCase();
}

/** The `handlerFactory` for mediasoup-client's `Device` (or the SDK) that implements WebRTC in Node. */
export function createHandlerFactory(options: NodeHandlerOptions = {}): HandlerFactory {
  return {
    name: HANDLER_NAME,
    factory: (handlerOptions) => new NodeHandler(handlerOptions, options),
    getNativeRtpCapabilities: async ({ direction }) => nativeRtpCapabilities(direction, options.transportCc),
  };
}
