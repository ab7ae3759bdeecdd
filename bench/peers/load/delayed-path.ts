import type { types } from 'mediasoup-client';
import { TcpRelay, UdpRelay } from '../../relay/index.ts';
import type { Access } from '../load-client.ts';
import { srtpProfileOf } from './dtls-profile.ts';

const RELAY_ADDRESS = '127.0.0.2';

/** A network with a known delay between the people of a process and a server, for signalling and media alike. */
export class DelayedPath {
  /** Of the server's signalling, behind the delay. */
  readonly url: string;
  /** What servers chose in their handshakes (RFC 5764 §4.1.2). */
  readonly srtpProfiles: number[] = [];
  readonly #delayMs: number;

  private constructor(url: string, delayMs: number) {
    this.url = url;
    this.#delayMs = delayMs;
  }

  /** @param delayMs - one way */
  static async open({ url, farPort }: Access, delayMs: number): Promise<DelayedPath> {
    const { hostname, port } = new URL(url);
    const schedule = [{ atMs: 0, profile: { delayMs } }];
    const relay = await TcpRelay.create({
      listen: { address: '127.0.0.1', port: farPort },
      upstream: { address: hostname, port: Number(port) },
      up: schedule,
      down: schedule,
    });
    return new DelayedPath(`http://localhost:${relay.address.port}`, delayMs);
  }

  /** Puts the delay before a candidate. */
  readonly mapCandidate = async (candidate: types.IceCandidate): Promise<types.IceCandidate> => {
    const schedule = [{ atMs: 0, profile: { delayMs: this.#delayMs } }];
    const relay = await UdpRelay.create({
      listen: { address: RELAY_ADDRESS, port: 0 },
      upstream: { address: candidate.address ?? candidate.ip, port: candidate.port },
      up: schedule,
      down: schedule,
    });
    relay.filter = (packet, towards) => {
      const profile = towards === 'client' ? srtpProfileOf(packet) : undefined;
      if (profile !== undefined) {
        this.srtpProfiles.push(profile);
      }
      return true;
    };
    const { address, port } = relay.address;
    return { ...candidate, ip: address, address, port };
  };
}
