/** Helpers for tests of the media plane. Internal to sfu/. */
import { observer } from 'mediasoup';
import type {
  Consumer,
  Producer,
  Router,
  RtpCapabilities,
  Transport,
  WebRtcServer,
  Worker,
} from 'mediasoup/types';
import { pino } from 'pino';
import { Sfu } from './sfu.ts';
import type { SfuOptions } from './sfu-options.ts';
import type { ClientDtlsParameters, SfuEvents, SfuGauges } from './types.ts';

const EVENT_TIMEOUT_MS = 30_000;

/** An SFU on free ports of the loopback interface. */
export function startSfu(options: Partial<SfuOptions> = {}): Promise<Sfu> {
  return Sfu.create({
    workers: 1,
    rtcPort: 0,
    listen: [{ ip: '127.0.0.1' }],
    log: pino({ level: 'silent' }),
    ...options,
  });
}

/** The gauges after everyone has left. */
export function baseline(workers: number): SfuGauges {
  const none = {
    routers: 0,
    pipeTransports: 0,
    transports: 0,
    producers: 0,
    consumers: 0,
    levelTransports: 0,
    levelTaps: 0,
    pathTests: 0,
  };
  return { workers, webRtcServers: workers, ...none };
}

/** Resolves with the first matching event of this name; rejects after 30 s. */
export function nextEvent<Name extends keyof SfuEvents>(
  sfu: Sfu,
  name: Name,
  fits: (data: SfuEvents[Name][0]) => boolean = () => true,
): Promise<SfuEvents[Name][0]> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(impatience);
      sfu.off(name as string & keyof SfuEvents, listen as never);
    };
    const listen = (data: SfuEvents[Name][0]): void => {
      if (!fits(data)) {
        return;
      }
      done();
      resolve(data);
    };
    const impatience = setTimeout(() => {
      done();
      reject(new Error(`no event ${name}`));
    }, EVENT_TIMEOUT_MS);
    sfu.on(name as string & keyof SfuEvents, listen as never);
  });
}

/** mediasoup's own objects, to compare with what Sfu reports. */
export class Behind {
  readonly workers: Worker[] = [];
  readonly servers: WebRtcServer[] = [];
  readonly routers: Router[] = [];
  readonly transports: Transport[] = [];
  readonly producers: Producer[] = [];
  readonly consumers: Consumer[] = [];
  readonly #watch = (worker: Worker): void => {
    this.workers.push(worker);
    worker.observer.on('newwebrtcserver', (server) => this.servers.push(server));
    worker.observer.on('newrouter', (router) => {
      this.routers.push(router);
      router.observer.on('newtransport', (transport) => {
        this.transports.push(transport);
        transport.observer.on('newproducer', (producer) => this.producers.push(producer));
        transport.observer.on('newconsumer', (consumer) => this.consumers.push(consumer));
      });
    });
  };

  constructor() {
    observer.on('newworker', this.#watch);
  }

  close(): void {
    observer.off('newworker', this.#watch);
  }

  /** What the live workers still hold, and mediasoup objects that were never closed. */
  async leftovers(): Promise<{ routers: number; transports: number; openHere: number }> {
    const left = { routers: 0, transports: 0, openHere: 0 };
    for (const worker of this.workers.filter(({ closed }) => !closed)) {
      left.routers += (await worker.dump()).routerIds.length;
    }
    for (const server of this.servers.filter(({ closed }) => !closed)) {
      left.transports += (await server.dump()).webRtcTransportIds.length;
    }
    left.openHere = [...this.routers, ...this.transports].filter(({ closed }) => !closed).length;
    return left;
  }
}

export function clientFingerprint(): ClientDtlsParameters {
  return {
    role: 'client',
    fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }],
  };
}

let nextSsrc = 1000;

/** Opus parameters as browsers send them. */
export function opusParameters() {
  nextSsrc += 1;
  return {
    mid: '0',
    codecs: [
      {
        mimeType: 'audio/opus',
        payloadType: 111,
        clockRate: 48_000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1, usedtx: 1 },
        rtcpFeedback: [{ type: 'transport-cc' }],
      },
    ],
    headerExtensions: [
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 },
      { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 1 },
    ],
    encodings: [{ ssrc: nextSsrc, dtx: true }],
    rtcp: { cname: 'somebody' },
  };
}

/** VP8 simulcast parameters as browsers send them, with three layers. */
export function simulcastParameters() {
  nextSsrc += 10;
  return {
    mid: '1',
    codecs: [
      {
        mimeType: 'video/VP8',
        payloadType: 96,
        clockRate: 90_000,
        parameters: {},
        rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'transport-cc' }],
      },
      { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } },
    ],
    headerExtensions: [
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 },
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', id: 10 },
    ],
    encodings: [
      { rid: 'r0', scalabilityMode: 'L1T3', maxBitrate: 150_000 },
      { rid: 'r1', scalabilityMode: 'L1T3', maxBitrate: 500_000 },
      { rid: 'r2', scalabilityMode: 'L1T3', maxBitrate: 1_500_000 },
    ],
    rtcp: { cname: 'somebody' },
  };
}

/** A peer with both transports. */
export async function enter(sfu: Sfu, roomId: string, peerId: string) {
  const { routerRtpCapabilities } = await sfu.openRoom(roomId);
  const rtpCapabilities: RtpCapabilities = routerRtpCapabilities;
  const send = await sfu.createTransport(roomId, peerId, { direction: 'send' });
  const recv = await sfu.createTransport(roomId, peerId, { direction: 'recv', rtpCapabilities });
  return { send, recv, rtpCapabilities };
}
