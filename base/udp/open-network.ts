import { locate } from './build.mjs';
import { loadNative } from './native-binding.ts';
import { NativeNetwork } from './native-network.ts';
import { PortableNetwork } from './portable-network.ts';
import type { Network } from './types.ts';

export interface OpenNetworkOptions {
  /** File of the built add-on. Default: the output of build.mjs. */
  path?: string;
  /** `portable` does without the add-on. Default `native`. */
  prefer?: 'native' | 'portable';
}

/** Opens the UDP sockets of one thread, with the add-on if it is available. The caller closes them. */
export function openNetwork({ path, prefer }: OpenNetworkOptions = {}): Network {
  if (prefer === 'portable') {
    return new PortableNetwork('The portable UDP was requested.');
  }
  const file = path ?? locate();
  if (!file) {
    return new PortableNetwork(
      'The add-on for media packets is not built; run node base/udp/build.mjs, which says what it needs.',
    );
  }
  try {
    return new NativeNetwork(loadNative(file));
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    return new PortableNetwork(`The add-on for media packets at ${file} does not load: ${why}`);
  }
}
