import { WebSocket } from 'ws';
import { z } from 'zod';
import { displayableText } from '../../contract/index.ts';
import { endWhenSilent } from './end-when-silent.ts';

/** Sample rate of what the service gets, in Hz: one channel of 16-bit samples, little-endian. */
export const SAMPLE_RATE = 16_000;

/** A transcription service. */
export interface Service {
  url: string;
  /** Bearer token. */
  secret: string | undefined;
}

/** Whose voice it is. */
export interface Voice {
  roomId: string;
  participantId: string;
  displayName: string;
  /** Expected language (BCP 47). */
  language: string;
}

/** What was said, as far as the service knows. Each text replaces the one before it until one is final. */
export interface HeardText {
  text: string;
  isFinal: boolean;
}

export interface ServiceConnectionOptions {
  service: Service;
  voice: Voice;
  heard(heard: HeardText): void;
  /** The connection has failed. It is tried again while there is something to send. */
  failed(reason: string): void;
  /** Interval at which the service has to show a sign of life, in milliseconds. */
  pingMs?: number;
}

/** Longest text that is taken, in characters. */
const MAX_TEXT = 1000;
const MAX_MESSAGE_BYTES = 64 * 1024;
/** What may wait in a slow connection, in bytes: ten seconds. Then sound is left out. */
const MAX_WAITING = 10 * SAMPLE_RATE * 2;
const CONNECT_MS = 10_000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

const message = z.object({
  type: z.literal('caption'),
  text: z.string().max(MAX_TEXT),
  isFinal: z.boolean(),
});

/**
 * A WebSocket to a transcription service for one voice (docs/captions.md). It is opened with the first samples, and again after a failure, with a
 * growing delay; what is said meanwhile is lost.
 */
export class ServiceConnection {
  readonly #options: ServiceConnectionOptions;
  #socket: WebSocket | undefined;
  #retryAtMs = 0;
  #delayMs = FIRST_RETRY_MS;
  #closed = false;

  constructor(options: ServiceConnectionOptions) {
    this.#options = options;
  }

  /** Sends samples of SAMPLE_RATE. */
  send(samples: Int16Array): void {
    if (this.#closed) {
      return;
    }
    const socket = this.#socket ?? this.#connect();
    if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < MAX_WAITING) {
      socket.send(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    }
  }

  /** Ends the stream. The service may still send what it has heard until it closes the connection. */
  close(): void {
    this.#closed = true;
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ type: 'end' }));
      setTimeout(() => socket.terminate(), CONNECT_MS).unref();
    } else {
      socket?.terminate();
    }
  }

  #connect(): WebSocket | undefined {
    if (performance.now() < this.#retryAtMs) {
      return undefined;
    }
    const { service, voice, pingMs } = this.#options;
    const socket = new WebSocket(service.url, {
      handshakeTimeout: CONNECT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      ...(service.secret !== undefined && { headers: { authorization: `Bearer ${service.secret}` } }),
    });
    this.#socket = socket;
    let reason = 'the connection was closed';
    socket.on('open', () => {
      this.#delayMs = FIRST_RETRY_MS;
      endWhenSilent(socket, pingMs, () => {
        reason = 'the service does not answer pings';
      });
      const format = { encoding: 'pcm_s16le', sampleRate: SAMPLE_RATE, channels: 1 };
      socket.send(JSON.stringify({ type: 'start', ...voice, format }));
    });
    socket.on('message', (data, isBinary) => {
      if (!isBinary) {
        this.#take(String(data));
      }
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => {
      this.#socket = undefined;
      this.#retryAtMs = performance.now() + this.#delayMs;
      this.#delayMs = Math.min(2 * this.#delayMs, MAX_RETRY_MS);
      if (!this.#closed) {
        this.#options.failed(reason);
      }
    });
    return socket;
  }

  /** Anything but a caption is ignored: services may say more. */
  #take(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return;
    }
    const parsed = message.safeParse(value);
    if (parsed.success) {
      this.#options.heard({
        text: displayableText(parsed.data.text).replaceAll(/\s+/g, ' ').trim(),
        isFinal: parsed.data.isFinal,
      });
    }
  }
}
