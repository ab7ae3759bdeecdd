/** The HTTPS certificate from an ACME authority. */
export { AcmeFiles, type AcmeStatus } from './acme-files.ts';
export { AcmeRenewal } from './acme-renewal.ts';
