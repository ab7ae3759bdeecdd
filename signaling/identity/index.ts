/** Identity: the deployment CA, certificate validation, and proofs of possession. See docs/identity.md. */
export { challengeCertificate, newTlsRequest } from './acme-certificates.ts';
export { Authority, type AuthorityOptions, type SignedAccount } from './authority.ts';
export { decodeChain, encodeChain, fromPem, toPem } from './chain-codec.ts';
export type { SignedDtls } from './media-signer.ts';
export { sha256Hex } from './names.ts';
export { isRevocable, type RevocationRecord } from './own-revocation.ts';
export {
  type AuthProof,
  createNonce,
  type ExpectedProof,
  verifyAuthProof,
  verifyDtlsProof,
} from './proofs.ts';
export type { TlsCertificate } from './tls-certificate.ts';
export { readTrustFiles, TrustStore, type TrustStoreOptions } from './trust-store.ts';
export type { IdentitySource, VerifiedDevice } from './verified-device.ts';
export { verifyChain } from './verify-chain.ts';
