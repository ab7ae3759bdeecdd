/** DTLS-SRTP of phones, by OpenSSL. The setup imports build.mjs directly, since it runs before anything is installed. */
export { build as buildNativeDtls } from './build.mjs';
export {
  Dtls,
  type DtlsAssociationOptions,
  type DtlsIdentity,
  type DtlsKeys,
  type FingerprintHash,
} from './dtls.ts';
export { DtlsSession } from './dtls-session.ts';
