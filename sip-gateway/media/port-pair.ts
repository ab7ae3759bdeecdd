import { randomInt } from 'node:crypto';
import type { DatagramHandler, Network, UdpPort } from '../../base/udp/index.ts';

export interface PortRange {
  /** First and last port of the range. 0 and 0: 16384 to 32767. */
  min: number;
  max: number;
}

const PAIR_ATTEMPTS = 64;

/** Binds an even port for RTP and the next one for RTCP (RFC 3550 §11). @throws {Error} no pair is free */
export async function bindPair(
  network: Network,
  ip: string,
  range: PortRange,
  onRtp: DatagramHandler,
  onRtcp: DatagramHandler,
): Promise<{ rtp: UdpPort; rtcp: UdpPort }> {
  const min = Math.ceil((range.min || 16_384) / 2);
  const max = Math.floor(((range.max || 32_767) - 1) / 2);
  let failure: unknown = new RangeError(`no port pair between ${range.min} and ${range.max}`);
  for (let attempt = 0; attempt < PAIR_ATTEMPTS && max >= min; attempt++) {
    const port = 2 * randomInt(min, max + 1);
    let rtp: UdpPort | undefined;
    try {
      rtp = await network.bind(ip, port, onRtp);
      return { rtp, rtcp: await network.bind(ip, port + 1, onRtcp) };
    } catch (error) {
      rtp?.close();
      failure = error;
    }
  }
  throw failure;
}
