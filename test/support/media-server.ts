import type { TestContext } from 'node:test';
import * as mediasoup from 'mediasoup';
import { Device, type types } from 'mediasoup-client';
import { createHandlerFactory } from '../../client/node/index.ts';

const workerBin = process.env.MEDIASOUP_WORKER_BIN;

export interface TestPeer {
  send: types.Transport;
  recv: types.Transport;
  serverSend: mediasoup.types.WebRtcTransport;
  serverRecv: mediasoup.types.WebRtcTransport;
  /** Creates both halves of a consumer and resumes it. */
  consume(
    producerId: string,
  ): Promise<{ consumer: types.Consumer; serverConsumer: mediasoup.types.Consumer }>;
  producers: Map<string, mediasoup.types.Producer>;
}

/** Starts a real mediasoup worker with one router, and peers on it without signalling. */
export async function startMediaServer(
  t: TestContext,
  options: { announcedAddress?: string } = {},
): Promise<{ peer(): Promise<TestPeer>; router: mediasoup.types.Router; port: number }> {
  const worker = await mediasoup.createWorker({ logLevel: 'warn', ...(workerBin && { workerBin }) });
  t.after(() => worker.close());
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
    listenInfos: [{ protocol: 'udp', ip: '127.0.0.1', ...options }],
  });
  const peer = async (): Promise<TestPeer> => {
    const device = await Device.factory({ handlerFactory: createHandlerFactory() });
    await device.load({ routerRtpCapabilities: router.rtpCapabilities as types.RtpCapabilities });
    const producers = new Map<string, mediasoup.types.Producer>();
    const open = async (direction: 'Send' | 'Recv') => {
      const server = await router.createWebRtcTransport({
        webRtcServer,
        initialAvailableOutgoingBitrate: 600_000,
      });
      const client = device[`create${direction}Transport`](server as unknown as types.TransportOptions);
      client.on('connect', ({ dtlsParameters }, done, failed) => {
        server.connect({ dtlsParameters }).then(done, failed);
      });
      client.on('produce', ({ kind, rtpParameters }, done, failed) => {
        server
          .produce({ kind, rtpParameters: rtpParameters as mediasoup.types.RtpParameters })
          .then((producer) => {
            producers.set(producer.id, producer);
            done({ id: producer.id });
          }, failed);
      });
      t.after(() => client.close());
      return { client, server };
    };
    const send = await open('Send');
    const recv = await open('Recv');
    return {
      send: send.client,
      recv: recv.client,
      serverSend: send.server,
      serverRecv: recv.server,
      producers,
      async consume(producerId) {
        const serverConsumer = await recv.server.consume({
          producerId,
          rtpCapabilities: device.recvRtpCapabilities as mediasoup.types.RtpCapabilities,
          paused: true,
        });
        const { id, kind, rtpParameters } = serverConsumer;
        const consumer = await recv.client.consume({
          id,
          producerId,
          kind,
          rtpParameters: rtpParameters as types.RtpParameters,
        });
        await serverConsumer.resume();
        return { consumer, serverConsumer };
      },
    };
  };
  const [port] = await webRtcServer.dump().then(({ udpSockets }) => udpSockets.map((socket) => socket.port));
  return { peer, router, port: port as number };
}

/** Waits until `condition` holds, checking every 20 ms. Fails after `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) {
      throw new Error(`timed out waiting until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
