/**
 * X.509 for server and browsers: strict DER, certificates, revocation lists, and path validation (RFC 5280). Uses only WebCrypto. Whom to
 * trust is up to the user of this code.
 */
export { decodeSignatureAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
export { type Bytes, equalBytes, toHex } from './bytes.ts';
export { type Certificate, parseCertificate } from './certificate.ts';
export { type Crl, parseCrl } from './crl.ts';
export { DerError, DerReader, decodeOid, decodeString, decodeTime, decodeUnsigned, TAG } from './der.ts';
export { decodeAuthorityKeyId, GENERAL_NAME, KEY_USAGE, listExtensions } from './extensions.ts';
export { GATEWAY_UNIT, isGatewayAccount } from './gateway-mark.ts';
export { OID } from './oids.ts';
export { AnchorSet, type Path, requireChainLength, validateChain } from './path.ts';
export { type PersonName, personName } from './person-name.ts';
export { decodePublicKey, type KeyType, type PublicKey, requireReadableKey } from './public-key.ts';
export { isListOf, RevocationLists } from './revocation-lists.ts';
export { derEcdsa, rawEcdsa, STATEMENT_SIGNING, signatureMatches, statementMatches } from './signatures.ts';
export { readSigned, readSignedAlgorithm } from './signed.ts';
