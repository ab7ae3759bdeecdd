import { makeHashImpl } from 'ts-mls/crypto/implementation/default/makeHashImpl.js';

/** The hash of the cipher suite. */
export const HASH = makeHashImpl(crypto.subtle, 'SHA-256');
