import { createWorker } from 'mediasoup';
import type { Producer, Router, WebRtcServer, WebRtcTransport, Worker } from 'mediasoup/types';
import { Device, type types } from 'mediasoup-client';
import {
  type Clip,
  ClipTrack,
  createHandlerFactory,
  type InboundStream,
  ReceivedTrack,
} from '../../client/node/index.ts';
import { type Cores, pin } from './cores.ts';
import type { Traffic } from './options.ts';
import { type ProcessTime, processTime } from './process-time.ts';

const TRANSPORT_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
/** Our senders put it on the first packet of each frame, which would then be larger than the others; browsers send it once a second. */
const ABS_CAPTURE_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';
/** Receivers that connect at the same time. */
const CONNECTING = 5;

/** What all receivers of a worker have got since the start. */
export interface Received {
  packets: number;
  /** Not received the first time: repaired by a retransmission, or lost. */
  missing: number;
  /** Received after a later packet of the stream. */
  disordered: number;
  duplicates: number;
}

/** A worker process with publishers and receivers on it. The publishers rest until `start()`. */
export class WorkerUnderTest {
  readonly #worker: Worker;
  readonly #webRtcServer: WebRtcServer;
  readonly #producers: readonly types.Producer[];
  readonly #streams: readonly InboundStream[];
  readonly #receiving: readonly WebRtcTransport[];
  readonly #published: readonly Producer[];
  readonly #clients: readonly types.Transport[];
  readonly #received: { disordered: number };

  private constructor(parts: {
    worker: Worker;
    webRtcServer: WebRtcServer;
    producers: readonly types.Producer[];
    streams: readonly InboundStream[];
    receiving: readonly WebRtcTransport[];
    published: readonly Producer[];
    clients: readonly types.Transport[];
    received: { disordered: number };
  }) {
    this.#worker = parts.worker;
    this.#webRtcServer = parts.webRtcServer;
    this.#producers = parts.producers;
    this.#streams = parts.streams;
    this.#receiving = parts.receiving;
    this.#published = parts.published;
    this.#clients = parts.clients;
    this.#received = parts.received;
  }

  /** Starts the worker, on its own core, and connects everyone. */
  static async open(
    {
      workerBin,
      fieldTrials,
      cores,
    }: { workerBin: string | undefined; fieldTrials: string; cores: Cores | undefined },
    traffic: Traffic,
    clip: Clip,
  ): Promise<WorkerUnderTest> {
    const worker = await createWorker({ workerBin, logLevel: 'warn', libwebrtcFieldTrials: fieldTrials });
    if (cores) {
      pin(worker.pid, [cores.worker]);
    }
    const router = await worker.createRouter({
      mediaCodecs: [
        { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
        { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 },
        { kind: 'video', mimeType: 'video/VP9', clockRate: 90_000, parameters: { 'profile-id': 0 } },
        {
          kind: 'video',
          mimeType: 'video/H264',
          clockRate: 90_000,
          parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
        },
      ],
    });
    const webRtcServer = await worker.createWebRtcServer({
      listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
    });
    const peers = new Peers(router, webRtcServer);
    const sender = await peers.device({ estimation: true });
    const producers: types.Producer[] = [];
    for (let index = 0; index < traffic.publishers; index += 1) {
      producers.push(await peers.publish(sender, clip, index));
    }
    const receiver = await peers.device(traffic);
    const received = { disordered: 0 };
    const streams: InboundStream[] = [];
    for (let begun = 0; begun < traffic.receivers; begun += CONNECTING) {
      const count = Math.min(CONNECTING, traffic.receivers - begun);
      const connected = Array.from({ length: count }, () => peers.receive(receiver, producers));
      streams.push(...(await Promise.all(connected)).flat());
    }
    for (const stream of streams) {
      let highest = 0;
      stream.tap = ({ sequence, repaired }) => {
        if (sequence < highest && !repaired) {
          received.disordered += 1;
        }
        highest = Math.max(highest, sequence);
      };
    }
    const { clients, receiving, published } = peers;
    return new WorkerUnderTest({
      worker,
      webRtcServer,
      producers,
      streams,
      receiving,
      published,
      clients,
      received,
    });
  }

  /** Starts sending, from the clip's beginning. */
  start(): void {
    for (const producer of this.#producers) {
      producer.resume();
    }
  }

  stop(): void {
    for (const producer of this.#producers) {
      producer.pause();
    }
  }

  get time(): ProcessTime {
    return processTime(this.#worker.pid);
  }

  get received(): Received {
    const total: Received = { packets: 0, missing: 0, disordered: this.#received.disordered, duplicates: 0 };
    for (const { counters } of this.#streams) {
      total.packets += counters.packets;
      total.missing += counters.repairedPackets + counters.lostPackets;
      total.duplicates += counters.duplicatePackets;
    }
    return total;
  }

  /** Packets that it got only when the publishers sent them again, so far. It forwards them after later ones. */
  async late(): Promise<number> {
    const stats = await Promise.all(this.#published.map((producer) => producer.getStats()));
    return stats.flat().reduce((sum, { packetsRetransmitted }) => sum + packetsRetransmitted, 0);
  }

  /** Bytes and RTP packets that the first receiver was sent so far, and the bytes of it that are not RTP: mostly SRTP's tags. */
  async sent(): Promise<{ packets: number; otherBytes: number }> {
    const [own] = (await this.#receiving[0]?.getStats()) ?? [];
    if (!own) {
      return { packets: 0, otherBytes: 0 };
    }
    const { bytesSent, rtpBytesSent, rtxBytesSent, probationBytesSent } = own;
    const streams = this.#streams.slice(0, this.#producers.length);
    return {
      packets: streams.reduce((sum, { counters }) => sum + counters.packets, 0),
      otherBytes: bytesSent - rtpBytesSent - rtxBytesSent - probationBytesSent,
    };
  }

  /** Its UDP port. */
  async port(): Promise<number> {
    const { udpSockets } = await this.#webRtcServer.dump();
    return udpSockets[0]?.port ?? 0;
  }

  close(): void {
    for (const client of this.#clients) {
      client.close();
    }
    this.#worker.close();
  }
}

/** The peers of a worker, without signalling. */
class Peers {
  readonly clients: types.Transport[] = [];
  readonly receiving: WebRtcTransport[] = [];
  readonly published: Producer[] = [];
  readonly #router: Router;
  readonly #webRtcServer: WebRtcServer;
  readonly #factory = createHandlerFactory({ steadyArrivals: true });

  constructor(router: Router, webRtcServer: WebRtcServer) {
    this.#router = router;
    this.#webRtcServer = webRtcServer;
  }

  async device({ estimation }: Pick<Traffic, 'estimation'>): Promise<Device> {
    const capabilities = structuredClone(this.#router.rtpCapabilities) as types.RtpCapabilities;
    const unwanted = [ABS_CAPTURE_TIME, ...(estimation ? [] : [TRANSPORT_CC])];
    capabilities.headerExtensions = capabilities.headerExtensions?.filter(
      ({ uri }) => !unwanted.includes(uri),
    );
    for (const codec of estimation ? [] : (capabilities.codecs ?? [])) {
      codec.rtcpFeedback = codec.rtcpFeedback?.filter(({ type }) => type !== 'transport-cc');
    }
    const device = await Device.factory({ handlerFactory: this.#factory });
    await device.load({ routerRtpCapabilities: capabilities });
    return device;
  }

  async publish(device: Device, clip: Clip, index: number): Promise<types.Producer> {
    const { server, client } = await this.#open(device, 'Send');
    client.on('produce', ({ kind, rtpParameters }, done, failed) => {
      server
        .produce({
          kind,
          rtpParameters: rtpParameters as Parameters<typeof server.produce>[0]['rtpParameters'],
        })
        .then((producer) => {
          this.published.push(producer);
          done({ id: producer.id });
        }, failed);
    });
    const producer = await client.produce({
      track: new ClipTrack({ clips: [clip], startSeconds: index * 1.7 }),
      stopTracks: false,
      zeroRtpOnPause: true,
    });
    producer.pause();
    return producer;
  }

  async receive(device: Device, producers: readonly types.Producer[]): Promise<InboundStream[]> {
    const { server, client } = await this.#open(device, 'Recv');
    this.receiving.push(server);
    const streams: InboundStream[] = [];
    for (const { id: producerId } of producers) {
      const consumer = await server.consume({
        producerId,
        rtpCapabilities: device.recvRtpCapabilities as Parameters<
          typeof server.consume
        >[0]['rtpCapabilities'],
      });
      const { id, kind, rtpParameters } = consumer;
      const { track } = await client.consume({
        id,
        producerId,
        kind,
        rtpParameters: rtpParameters as types.RtpParameters,
      });
      if (track instanceof ReceivedTrack) {
        streams.push(track.stream);
      }
    }
    return streams;
  }

  async #open(
    device: Device,
    direction: 'Send' | 'Recv',
  ): Promise<{ server: WebRtcTransport; client: types.Transport }> {
    const server = await this.#router.createWebRtcTransport({
      webRtcServer: this.#webRtcServer,
      initialAvailableOutgoingBitrate: 4_000_000,
    });
    const client = device[`create${direction}Transport`](server as unknown as types.TransportOptions);
    client.on('connect', ({ dtlsParameters }, done, failed) => {
      server.connect({ dtlsParameters }).then(done, failed);
    });
    this.clients.push(client);
    return { server, client };
  }
}
