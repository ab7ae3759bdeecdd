import { KeyRing } from '../../../../contract/sframe/index.ts';
import { CIPHER_SUITES, deriveKey } from './cipher-suite.ts';
import type { MediaKeys } from './frame-cipher.ts';

/** The keys of a room, still empty. */
export function mediaKeys(): MediaKeys {
  return new KeyRing((suite, baseKey, keyId) => deriveKey(CIPHER_SUITES[suite], baseKey, keyId));
}
