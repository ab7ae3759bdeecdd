/**
 * MLS (RFC 9420) for clients and the delivery service: which messages a room's group permits, and its public part. Whose certificates count
 * is up to each.
 */
export { CIPHER_SUITE } from './cipher-suite.ts';
export {
  foundedContext,
  nextContext,
  requireGenuineCommit,
  requireGenuineFounder,
  requireGenuineGroupInfo,
  requireGenuineKeyPackage,
  verifySignature,
} from './genuine.ts';
export { type Handshake, readCommit, readKeyPackage, requireUsable } from './handshake.ts';
export { HASH } from './hash.ts';
export { type LeafChain, readLeafChain } from './leaf-device.ts';
export {
  CLOCK_SKEW_SECONDS,
  KEY_PACKAGE_SECONDS,
  MAX_COMMIT_BYTES,
  MAX_GROUP_INFO_BYTES,
  MAX_KEY_PACKAGE_BYTES,
} from './limits.ts';
export { applyCommit, leafAt, leavesOf, readGroupInfo, readTree } from './public-tree.ts';
export { isReadable, staysReadable } from './readable-tree.ts';
export { refuse } from './refuse.ts';
export { type GroupRoom, POLICY_EXTENSION, policyExtension, requirePolicy } from './room-policy.ts';
