import { type AddressScope, addressScope } from './candidates.ts';
import { Sfu } from './sfu.ts';
import type { SfuOptions } from './sfu-options.ts';
import type { IceCandidate } from './types.ts';

export interface OfferedCandidate extends IceCandidate {
  /** Who can reach the address. */
  scope: AddressScope;
}

/**
 * The ICE candidates that a transport on the first worker would offer, read from a real one that is thrown away. It listens on a free
 * port meanwhile, so that a running server is not in its way; the port told is the configured one (worker n has rtcPort + n).
 * @throws CanopyError WORKER_MISSING, PORT_IN_USE (an address cannot be bound).
 */
export async function offeredCandidates(
  options: Pick<SfuOptions, 'rtcPort' | 'listen' | 'workerBin' | 'log'>,
): Promise<OfferedCandidate[]> {
  const sfu = await Sfu.create({ ...options, workers: 1, rtcPort: 0 });
  try {
    await sfu.openRoom('doctor');
    const { iceCandidates } = await sfu.createTransport('doctor', 'doctor', { direction: 'send' });
    return iceCandidates.map((candidate) => ({
      ...candidate,
      port: options.rtcPort || candidate.port,
      scope: addressScope(candidate.address),
    }));
  } finally {
    await sfu.close();
  }
}
