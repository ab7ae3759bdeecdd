import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { freePort, type ServerUnderTest, startLocalServer } from '../generator/index.ts';
import { TcpRelay, UdpRelay } from '../relay/index.ts';
import type { Sighting } from './trips.ts';

const run = promisify(execFile);

/** Where the server announces its media port, and where the relay for media is. */
const MEDIA_ADDRESS = '127.0.0.2';

/** What a packet on a media port is, by its first bytes (RFC 7983, RFC 5761). */
export type PacketKind = 'stun' | 'dtls' | 'rtp' | 'rtcp';

export interface MediaSighting extends Sighting {
  kind: PacketKind;
}

/** What the client and the server exchanged from some moment on, until its first RTP packet came. */
export interface Arrival {
  startMs: number;
  /** When the client received the first RTP packet. */
  rtpMs: number;
  signalling: readonly Sighting[];
  media: readonly MediaSighting[];
}

/** A server behind relays, so that each round trip takes some time: opening a TCP connection, signalling and media. */
export class FarServer {
  /** Its address through the relay. */
  readonly url: string;
  /** The server itself, without delay. */
  readonly near: ServerUnderTest;
  readonly #relays: Array<{ close(): void }> = [];
  #signalling: Sighting[] = [];
  #media: MediaSighting[] = [];
  #startMs = Number.POSITIVE_INFINITY;
  #clients = new Set<string>();
  #known: ReadonlySet<string> = new Set();
  #rtp = Promise.withResolvers<number>();

  private constructor(near: ServerUnderTest, url: string) {
    this.near = near;
    this.url = url;
  }

  /** @param encrypted HTTPS, with a certificate that this process trusts from then on */
  static async start({
    roundTripMs,
    encrypted = false,
  }: {
    roundTripMs: number;
    encrypted?: boolean;
  }): Promise<FarServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'canopy-trips-'));
    try {
      const certificate = encrypted ? await selfSigned(folder) : undefined;
      if (certificate) {
        tls.setDefaultCACertificates([...tls.getCACertificates(), certificate.pem]);
      }
      const port = await freePort();
      const url = `http${encrypted ? 's' : ''}://127.0.0.1:${port}`;
      const near = await startLocalServer(['--no-sip', '--workers', '1', '--announce', MEDIA_ADDRESS], {
        CANOPY_SERVER_ORIGINS: url,
        ...(certificate && {
          CANOPY_SERVER_TLS_CERT: certificate.file,
          CANOPY_SERVER_TLS_KEY: certificate.keyFile,
        }),
      });
      const server = new FarServer(near, url);
      await server.#relay(port, roundTripMs, await mediaPort(near));
      return server;
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** Begins to observe what one client does. Clients that are connected already do not count. */
  begin(): void {
    this.#signalling = [];
    this.#media = [];
    this.#known = new Set(this.#clients);
    this.#rtp = Promise.withResolvers();
    this.#startMs = performance.now();
  }

  /** What happened since begin(), when the first RTP packet has come. */
  async arrival(): Promise<Arrival> {
    const rtpMs = await this.#rtp.promise;
    return { startMs: this.#startMs, rtpMs, signalling: [...this.#signalling], media: [...this.#media] };
  }

  async close(): Promise<void> {
    for (const relay of this.#relays) {
      relay.close();
    }
    await this.near.close?.();
  }

  async #relay(port: number, roundTripMs: number, mediaPort: number): Promise<void> {
    const delayMs = roundTripMs / 2;
    const shape = [{ atMs: 0, profile: { delayMs } }];
    this.#relays.push(
      await TcpRelay.create({
        listen: { address: '127.0.0.1', port },
        upstream: { address: '127.0.0.1', port: Number(new URL(this.near.url).port) },
        up: shape,
        down: shape,
        openingMs: roundTripMs,
        observe: (from) => this.#signalling.push({ from, atMs: performance.now() }),
      }),
    );
    const relay = await UdpRelay.create({
      listen: { address: MEDIA_ADDRESS, port: mediaPort },
      upstream: { address: '127.0.0.1', port: mediaPort },
      up: shape,
      down: shape,
    });
    relay.filter = (packet, towards, client) => {
      this.#clients.add(client);
      if (!this.#known.has(client)) {
        const from = towards === 'server' ? 'client' : 'server';
        // The relay sees what the server sends half a round trip before the client does.
        const atMs = performance.now() + (from === 'server' ? delayMs : 0);
        this.#saw({ from, atMs, kind: kindOf(packet) });
      }
      return true;
    };
    this.#relays.push(relay);
  }

  #saw(sighting: MediaSighting): void {
    this.#media.push(sighting);
    if (sighting.kind === 'rtp' && sighting.from === 'server') {
      this.#rtp.resolve(sighting.atMs);
    }
  }
}

function kindOf(packet: Buffer): PacketKind {
  const [first = 0, second = 0] = packet;
  if (first < 4) {
    return 'stun';
  }
  if (first < 64) {
    return 'dtls';
  }
  return second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
}

async function selfSigned(folder: string): Promise<{ file: string; keyFile: string; pem: string }> {
  const file = path.join(folder, 'cert.pem');
  const keyFile = path.join(folder, 'key.pem');
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', file],
  ]);
  return { file, keyFile, pem: await readFile(file, 'utf8') };
}

async function mediaPort({ url }: ServerUnderTest): Promise<number> {
  const response = await fetch(new URL('/metrics', url));
  const [, port] = /^canopy_worker_rtc_port\{worker="0"\} (\d+)/m.exec(await response.text()) ?? [];
  if (port === undefined) {
    throw new Error('the server does not say which port its worker uses');
  }
  return Number(port);
}
