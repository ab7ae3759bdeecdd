import type { DirectTransport, Router, RtpCapabilities, WebRtcTransport } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import { routerCodecs } from '../codecs.ts';
import { checkDtlsParameters, checkRtpCapabilities } from '../guards.ts';
import { transportInfo } from '../transports/index.ts';
import type { ClientDtlsParameters, MediaPath, TestedPath } from '../types.ts';
import { answered } from '../worker-errors.ts';
import type { MediaWorker } from '../workers/index.ts';
import { type SentLoad, TEST_PAYLOAD_TYPE, type TestLoad, TestStream } from './test-stream.ts';

const CODEC = 'video/VP8';
const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/** How long a load waits for the end of the DTLS handshake, in milliseconds: the client may see it before the server does. */
const MAX_HANDSHAKE_MS = 3000;

interface Path {
  transport: WebRtcTransport;
  stream: TestStream;
  connecting: boolean;
}

/**
 * A client's test of its network paths to a worker, outside of any room: at most one transport per path, each with a stream of test packets
 * that is sent only on request. There is no bandwidth estimation, so nothing else is sent. Owned by PathTests.
 */
export class PathTest {
  readonly #worker: MediaWorker;
  readonly #router: Router;
  readonly #source: DirectTransport;
  readonly #paths = new Map<MediaPath, Path | undefined>();
  #closed = false;

  static async create(worker: MediaWorker): Promise<PathTest> {
    const router = await answered(
      worker.mediasoupWorker.createRouter({ mediaCodecs: routerCodecs(['VP8']) }),
    );
    try {
      return new PathTest(worker, router, await answered(router.createDirectTransport()));
    } catch (error) {
      router.close();
      throw error;
    }
  }

  private constructor(worker: MediaWorker, router: Router, source: DirectTransport) {
    this.#worker = worker;
    this.#router = router;
    this.#source = source;
  }

  /** Whether it is closed, or its worker is gone. */
  get closed(): boolean {
    return this.#closed || this.#router.closed;
  }

  get rtpCapabilities(): RtpCapabilities {
    return this.#router.rtpCapabilities;
  }

  /**
   * Opens the transport of a path, with a consumer of its test stream.
   * @throws {CanopyError} TRANSPORT_EXISTS, MEDIA_REJECTED, CODEC_UNSUPPORTED; TRANSPORT_UNKNOWN - closed meanwhile
   */
  async open(path: MediaPath, rtpCapabilities: unknown): Promise<TestedPath> {
    const capabilities = withoutFeedback(checkRtpCapabilities(rtpCapabilities));
    this.#assertOpen();
    if (this.#paths.has(path)) {
      throw new CanopyError('TRANSPORT_EXISTS');
    }
    // Reserved before the first await.
    this.#paths.set(path, undefined);
    const ssrc = this.#paths.size;
    const transport = await answered(
      this.#router.createWebRtcTransport({
        webRtcServer: this.#worker.webRtcServer,
        enableUdp: path !== 'tcp',
        enableTcp: path === 'tcp',
      }),
      'TRANSPORT_UNKNOWN',
    );
    const producer = await answered(
      this.#source.produce({
        kind: 'video',
        rtpParameters: {
          codecs: [{ mimeType: CODEC, payloadType: TEST_PAYLOAD_TYPE, clockRate: 90_000 }],
          encodings: [{ ssrc }],
        },
      }),
      'TRANSPORT_UNKNOWN',
    );
    const consumer = await answered(
      transport.consume({ producerId: producer.id, rtpCapabilities: capabilities, enableRtx: false }),
      'TRANSPORT_UNKNOWN',
    );
    this.#assertOpen();
    const stream = new TestStream(ssrc, (packet) => producer.send(packet));
    this.#paths.set(path, { transport, stream, connecting: false });
    return {
      ...transportInfo(transport, this.#worker),
      consumer: {
        consumerId: consumer.id,
        producerId: producer.id,
        kind: 'video',
        rtpParameters: structuredClone(consumer.rtpParameters) as unknown as Record<string, unknown>,
        type: 'simple',
        producerPaused: false,
      },
    };
  }

  /** Whether a transport belongs to the test. */
  has(transportId: string): boolean {
    return !this.closed && this.#find(transportId) !== undefined;
  }

  /** @throws {CanopyError} TRANSPORT_UNKNOWN, TRANSPORT_CONNECTED, FINGERPRINT_INVALID */
  async connect(transportId: string, dtlsParameters: ClientDtlsParameters): Promise<void> {
    const checked = checkDtlsParameters(dtlsParameters);
    const path = this.#path(transportId);
    if (path.connecting) {
      throw new CanopyError('TRANSPORT_CONNECTED');
    }
    path.connecting = true;
    await answered(path.transport.connect({ dtlsParameters: checked }), 'TRANSPORT_UNKNOWN');
  }

  /**
   * Sends a load over a path. Resolves when it is sent.
   * @throws {CanopyError} TRANSPORT_UNKNOWN - also if the client has not connected it
   */
  async send(transportId: string, load: TestLoad): Promise<SentLoad> {
    const { transport, stream, connecting } = this.#path(transportId);
    if (connecting) {
      await handshake(transport);
    }
    if (transport.dtlsState !== 'connected') {
      throw new CanopyError('TRANSPORT_UNKNOWN', 'not connected');
    }
    return stream.run(load);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    for (const path of this.#paths.values()) {
      path?.stream.close();
    }
    // Closes the transports too.
    this.#router.close();
  }

  #find(transportId: string): Path | undefined {
    return [...this.#paths.values()].find((path) => path?.transport.id === transportId);
  }

  #path(transportId: string): Path {
    const path = this.#find(transportId);
    if (!path || this.closed) {
      throw new CanopyError('TRANSPORT_UNKNOWN');
    }
    return path;
  }

  #assertOpen(): void {
    if (this.closed) {
      throw new CanopyError('TRANSPORT_UNKNOWN', 'the test has ended');
    }
  }
}

/** Without feedback there is neither retransmission, which would hide losses, nor bandwidth estimation, which would send probes. */
function withoutFeedback({ codecs = [], headerExtensions = [] }: RtpCapabilities): RtpCapabilities {
  return {
    codecs: codecs
      .filter(({ mimeType }) => mimeType.toLowerCase() === CODEC.toLowerCase())
      .map((codec) => ({ ...codec, rtcpFeedback: [] })),
    headerExtensions: headerExtensions.filter(({ uri }) => uri === MID),
  };
}

/** Resolves when the DTLS handshake has ended in any way, or has taken too long. */
function handshake(transport: WebRtcTransport): Promise<void> {
  return new Promise((resolve) => {
    const isOver = () => transport.closed || !['new', 'connecting'].includes(transport.dtlsState);
    if (isOver()) {
      resolve();
      return;
    }
    const settle = () => {
      clearTimeout(timer);
      transport.off('dtlsstatechange', check);
      transport.observer.off('close', settle);
      resolve();
    };
    const check = () => {
      if (isOver()) {
        settle();
      }
    };
    const timer = setTimeout(settle, MAX_HANDSHAKE_MS);
    transport.on('dtlsstatechange', check);
    transport.observer.on('close', settle);
  });
}
