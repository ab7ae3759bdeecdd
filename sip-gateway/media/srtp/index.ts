/** SRTP (RFC 3711) of phones, by libsrtp. The setup imports build.mjs directly, since it runs before anything is installed. */
export { build as buildNativeSrtp } from './build.mjs';
export { Srtp, type SrtpContextOptions, type SrtpDrop, type SrtpState } from './srtp.ts';
