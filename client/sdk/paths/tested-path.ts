import type { types } from 'mediasoup-client';
import type { RequestInput, RequestResult } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';
import { type Identity, verifyServerBinding } from '../identity/index.ts';
import type { ByteSample } from './link-estimate.ts';

export type MediaPath = RequestInput<'path.create'>['path'];
type Load = RequestInput<'path.send'>['load'];

export interface TestedPathOptions {
  connection: Connection;
  identity: Identity;
  /** Loaded with the test's capabilities. */
  device: types.Device;
  iceServers: RTCIceServer[];
}

/** How long a path may take to connect, in milliseconds. ICE retries a lost check for the first time after half a second. */
const CONNECT_MS = 5000;
const SAMPLE_MS = 50;
/** When no packets arrive for this long, the rest is lost, in milliseconds. */
const QUIET_MS = 600;
/** How long packets may wait in the network's queues after they were sent, in milliseconds. */
const MAX_QUEUE_MS = 3000;

/** What arrived of a load. */
export interface Arrivals {
  sentPackets: number;
  sentBytes: number;
  /** How long the server took to send them. */
  sentMs: number;
  receivedPackets: number;
  samples: ByteSample[];
  jitterMs: number | undefined;
}

/** One path to the server: a transport of the test that uses only this path. */
export class TestedPath {
  readonly #connection: Connection;
  readonly #transport: types.Transport;
  readonly #consumer: types.Consumer;

  private constructor(connection: Connection, transport: types.Transport, consumer: types.Consumer) {
    this.#connection = connection;
    this.#transport = transport;
    this.#consumer = consumer;
  }

  /** Connects. @returns undefined if the path is blocked @throws {CanopyError} SERVER_UNVERIFIED; and the server's refusals */
  static async connect(path: MediaPath, options: TestedPathOptions): Promise<TestedPath | undefined> {
    const { connection, device, identity } = options;
    const created = await connection.request('path.create', {
      path,
      rtpCapabilities: device.recvRtpCapabilities as RequestInput<'path.create'>['rtpCapabilities'],
    });
    const transport = device.createRecvTransport({
      id: created.transportId,
      iceParameters: created.iceParameters,
      iceCandidates: created.iceCandidates,
      dtlsParameters: await verifyServerBinding(created, identity.deploymentCa),
      // Without TURN servers, a path can only be direct.
      ...(path === 'relay' && { iceServers: options.iceServers, iceTransportPolicy: 'relay' }),
    });
    transport.on('connect', ({ dtlsParameters }, callback, errback) => {
      const [value] = dtlsParameters.fingerprints.flatMap((each) =>
        each.algorithm === 'sha-256' ? [each.value.toUpperCase()] : [],
      );
      connect(options, transport.id, dtlsParameters.role, value).then(callback, errback);
    });
    const connected = whenConnected(transport);
    try {
      const { consumerId: id, producerId, kind, rtpParameters } = created.consumer;
      const consumer = await transport.consume({
        ...{ id, producerId, kind },
        rtpParameters: rtpParameters as types.RtpParameters,
      });
      if (await connected) {
        return new TestedPath(connection, transport, consumer);
      }
    } catch (error) {
      transport.close();
      throw error;
    }
    transport.close();
    return undefined;
  }

  /** Average round-trip time of ICE's checks, in milliseconds; undefined if the browser does not tell. */
  async roundTripMs(): Promise<number | undefined> {
    const stats = [...(await this.#transport.getStats()).values()];
    const selected = stats.find(({ type }) => type === 'transport')?.selectedCandidatePairId;
    const pair = stats.find(
      ({ id, type, nominated, state }) =>
        type === 'candidate-pair' && (selected ? id === selected : nominated && state === 'succeeded'),
    );
    const { totalRoundTripTime, responsesReceived, currentRoundTripTime } = pair ?? {};
    const seconds = responsesReceived > 0 ? totalRoundTripTime / responsesReceived : currentRoundTripTime;
    return seconds === undefined ? undefined : seconds * 1000;
  }

  /** Has the server send a load, and records what arrives. */
  async receive(load: Load): Promise<Arrivals> {
    const before = await this.#received();
    const samples: ByteSample[] = [{ atMs: before.atMs, bytes: before.bytes }];
    let sent: RequestResult<'path.send'> | undefined;
    let sentAtMs = Number.POSITIVE_INFINITY;
    const sending = this.#connection
      .request('path.send', { transportId: this.#transport.id, load })
      .then((result) => {
        sent = result;
        sentAtMs = performance.now();
      });
    // Its failure is thrown below.
    sending.catch(() => {
      sentAtMs = Number.NEGATIVE_INFINITY;
    });
    let now = before;
    let grewAtMs = performance.now();
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
      const last = now;
      now = await this.#received();
      samples.push({ atMs: now.atMs, bytes: now.bytes });
      if (now.bytes > last.bytes) {
        grewAtMs = performance.now();
      }
      const isDone = sent && now.packets - before.packets >= sent.packets;
      const quietMs = performance.now() - Math.max(grewAtMs, sentAtMs);
      if (isDone || quietMs > QUIET_MS || performance.now() - sentAtMs > MAX_QUEUE_MS) {
        break;
      }
    }
    await sending;
    return {
      sentPackets: sent?.packets ?? 0,
      sentBytes: sent?.bytes ?? 0,
      sentMs: sent?.durationMs ?? 0,
      receivedPackets: now.packets - before.packets,
      samples,
      jitterMs: now.jitterMs,
    };
  }

  close(): void {
    this.#transport.close();
  }

  async #received(): Promise<ByteSample & { packets: number; jitterMs: number | undefined }> {
    const stats = [...(await this.#consumer.getStats()).values()];
    const inbound = stats.find(({ type }) => type === 'inbound-rtp');
    return {
      atMs: performance.now(),
      bytes: (inbound?.bytesReceived ?? 0) + (inbound?.headerBytesReceived ?? 0),
      packets: inbound?.packetsReceived ?? 0,
      jitterMs: inbound?.jitter === undefined ? undefined : inbound.jitter * 1000,
    };
  }
}

async function connect(
  { connection, identity }: TestedPathOptions,
  transportId: string,
  role: types.DtlsRole | undefined,
  fingerprint: string | undefined,
): Promise<void> {
  if (fingerprint === undefined) {
    throw new CanopyError('FINGERPRINT_INVALID');
  }
  await connection.request('path.connect', {
    transportId,
    dtlsParameters: {
      ...(role && { role }),
      fingerprints: [{ algorithm: 'sha-256', value: fingerprint }],
    },
    signature: await identity.bindDtls({ transportId, fingerprint }),
  });
}

/** Whether the transport connects in time. */
function whenConnected(transport: types.Transport): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), CONNECT_MS);
    transport.on('connectionstatechange', (state) => {
      if (state === 'connected' || state === 'closed') {
        clearTimeout(timer);
        resolve(state === 'connected');
      }
    });
  });
}
