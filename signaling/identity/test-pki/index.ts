/** For tests: certificates from two independent makers, and openssl's verdict on them. */
export { LibraryMaker } from './library-maker.ts';
export { OpensslMaker } from './openssl-maker.ts';
export { opensslVerify } from './openssl-verify.ts';
export { createCsr, Person, prove, type TestDevice } from './person.ts';
export { Pki } from './pki.ts';
export type { CertificateSpec, KeyKind, Made, Maker } from './types.ts';
