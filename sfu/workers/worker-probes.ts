import { createSocket } from 'node:dgram';
import { on, once } from 'node:events';
import type { Router } from 'mediasoup/types';
import { parseRtp } from '../../base/rtp/index.ts';
import { routerCodecs } from '../codecs.ts';
import { spawnWorker } from './media-worker.ts';

/** Minimum number of probe packets that a receiver is sent when it connects. */
const PROBES = 5;
/** SSRC of mediasoup's probe packets. */
const PROBE_SSRC = 1234;
/** How long to wait for them, in milliseconds; they take 30. */
const TIMEOUT_MS = 5000;
const LOOPBACK = '127.0.0.1';
const LISTEN = { protocol: 'udp', ip: LOOPBACK } as const;

/**
 * Whether a worker numbers the bandwidth probes of each receiver separately. mediasoup 3.22 to 3.27 number those of all receivers from one
 * counter, which is reset for each new receiver. SRTP drops packets with old numbers, and without its probes an estimation notices late
 * that a network has recovered. The worker built by the setup has this fixed.
 *
 * @throws {CanopyError} WORKER_MISSING
 * @throws {DOMException} AbortError - the worker sends no probes
 */
export async function numbersProbesApart(workerBin?: string): Promise<boolean> {
  const worker = await spawnWorker(workerBin);
  try {
    const router = await worker.createRouter({ mediaCodecs: routerCodecs(['VP8']) });
    const source = await router.createPlainTransport({ listenInfo: LISTEN });
    const { id } = await source.produce({
      kind: 'video',
      rtpParameters: {
        codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 }],
        encodings: [{ ssrc: 1 }],
      },
    });
    // Both receivers at the same time.
    const probed = await Promise.all([probeNumbers(router, id), probeNumbers(router, id)]);
    return probed.every((numbers) =>
      numbers.every((n, i) => i === 0 || n === ((numbers[i - 1] ?? 0) + 1) % 0x1_0000),
    );
  } finally {
    worker.close();
  }
}

/** The RTP sequence numbers of a receiver's first probes. */
async function probeNumbers(router: Router, producerId: string): Promise<number[]> {
  const socket = createSocket('udp4').bind(0, LOOPBACK);
  try {
    await once(socket, 'listening');
    const transport = await router.createPlainTransport({ listenInfo: LISTEN });
    await transport.consume({ producerId, rtpCapabilities: router.rtpCapabilities });
    const numbers: number[] = [];
    const packets: AsyncIterable<Buffer[]> = on(socket, 'message', {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await transport.connect({ ip: LOOPBACK, port: socket.address().port });
    for await (const [packet] of packets) {
      const rtp = packet && parseRtp(packet);
      if (rtp?.ssrc === PROBE_SSRC) {
        numbers.push(rtp.sequenceNumber);
      }
      if (numbers.length === PROBES) {
        break;
      }
    }
    return numbers;
  } finally {
    socket.close();
  }
}
