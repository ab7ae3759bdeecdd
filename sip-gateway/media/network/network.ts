import { locate } from './build.mjs';
import { loadNative } from './native-binding.ts';
import { NativeNetwork } from './native-network.ts';
import { PortableNetwork } from './portable-network.ts';
import type { Network } from './types.ts';

export interface OpenNetworkOptions {
  /** The built add-on. Default: where build.mjs puts it. */
  path?: string;
  /** `portable` leaves the add-on out. Default `native`. */
  prefer?: 'native' | 'portable';
}

/** The best UDP that this machine has, for one thread. Whoever opens it closes it. */
export function openNetwork({ path, prefer }: OpenNetworkOptions = {}): Network {
  if (prefer === 'portable') {
    return new PortableNetwork('The portable UDP was asked for.');
  }
  const file = path ?? locate();
  if (!file) {
    return new PortableNetwork(
      "The add-on for phones' packets is not built; run node sip-gateway/media/network/build.mjs, which says what it needs.",
    );
  }
  try {
    return new NativeNetwork(loadNative(file));
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    return new PortableNetwork(`The add-on for phones' packets at ${file} does not load: ${why}`);
  }
}
