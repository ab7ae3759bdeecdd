import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { Config, Logger } from '../../base/index.ts';
import type { SeenMessage } from '../sip/index.ts';
import { hepPacket } from './hep-packet.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface HepOptions {
  /** Address or host name of the capture server. */
  host: string;
  /** Its UDP port. */
  port: number;
  captureId: number;
  password?: string | undefined;
  log: Logger;
}

/** An exporter, if the settings name a capture server. */
export function hepExporter(
  { hepHost, hepPort, hepCaptureId, hepPassword }: Config['sip'],
  log: Logger,
): HepExporter | undefined {
  return hepHost === undefined
    ? undefined
    : new HepExporter({ host: hepHost, port: hepPort, captureId: hepCaptureId, password: hepPassword, log });
}

/** When a host name is looked up again: at these intervals, in milliseconds, so that a capture server may move. */
const LOOKUP_MS = 60_000;
/** Copies are dropped, rather than messages of calls delayed, while this many bytes wait in the socket. */
const MAX_WAITING_BYTES = 1 << 20;

/**
 * Sends a copy of each SIP message to a capture server (HEP3 over UDP), without secrets. Nothing depends on whether it arrives.
 */
export class HepExporter {
  readonly #options: HepOptions;
  readonly #timer: NodeJS.Timeout;
  #target: { socket: Socket; address: string } | undefined;
  /** The last failure of a lookup, logged once. */
  #failure: string | undefined;
  #closed = false;

  constructor(options: HepOptions) {
    this.#options = options;
    void this.#lookUp();
    this.#timer = setInterval(() => void this.#lookUp(), LOOKUP_MS);
    this.#timer.unref();
  }

  /** Sends a copy. Never throws. */
  export(message: SeenMessage): void {
    const target = this.#target;
    if (!target || target.socket.getSendQueueSize() > MAX_WAITING_BYTES) {
      return;
    }
    const { captureId, password, port } = this.#options;
    const bytes = withoutSecrets(message.bytes);
    const packet = hepPacket({ message: { ...message, bytes }, atMs: Date.now(), captureId, password });
    target.socket.send(packet, port, target.address, () => {});
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#target?.socket.close();
    this.#target = undefined;
  }

  async #lookUp(): Promise<void> {
    const { host, log } = this.#options;
    try {
      const { address } = await lookup(host);
      this.#failure = undefined;
      if (this.#closed || address === this.#target?.address) {
        return;
      }
      this.#target?.socket.close();
      const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
      // A capture server that is away must not matter.
      socket.on('error', () => {});
      socket.unref();
      this.#target = { socket, address };
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#failure) {
        this.#failure = message;
        log.warn({ err: error, host }, 'the capture server for SIP messages (sip.hepHost) was not found');
      }
    }
  }
}
