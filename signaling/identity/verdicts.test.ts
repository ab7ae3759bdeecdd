import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CanopyError, type ErrorCode } from '../../base/errors/index.ts';
import { parseCertificate } from '../../contract/x509/index.ts';
import { CredentialJudge } from '../../test/support/room-groups.ts';
import { Authority, fromPem, TrustStore, toPem, verifyChain } from './index.ts';
import { LibraryMaker, type Made, type Maker, OpensslMaker, opensslVerify, Pki } from './test-pki/index.ts';

interface Presented {
  chain: readonly (Made | Uint8Array)[];
  /** Default: the usual root. */
  roots?: readonly Made[];
  crls?: readonly string[];
  atMs?: number;
  partialChain?: boolean;
}

type MakerName = 'openssl' | '@peculiar/x509';

interface Case {
  title: string;
  /** Our verdict; null accepts. */
  code: ErrorCode | null;
  /** Why openssl accepts what we refuse, where it does. */
  stricterThanOpenssl?: string;
  /** Why openssl refuses what we accept, where it does. */
  laxerThanOpenssl?: string;
  /** The one that can make it, where the other cannot. */
  onlyBy?: MakerName;
  present(pki: Pki): Promise<Presented>;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_USAGE = '2.5.29.37.0';
const UNKNOWN = { oid: '1.3.6.1.4.1.99999.1', valueHex: '0500' };
/** permitted: rfc822Name of example.com */
const NAME_CONSTRAINTS = {
  oid: '2.5.29.30',
  valueHex: `3011a00f300d810b${Buffer.from('example.com').toString('hex')}`,
};
const bytesOf = (item: Made | Uint8Array) => (item instanceof Uint8Array ? item : item.der);

const cases: Case[] = [
  {
    title: 'a leaf under the root',
    code: null,
    present: async (pki) => ({ chain: [await pki.leaf({ issuer: pki.root })] }),
  },
  {
    title: 'a leaf under an intermediate authority that is presented',
    code: null,
    present: async (pki) => ({ chain: [await pki.leaf(), pki.issuing] }),
  },
  {
    title: 'the root presented too',
    code: null,
    present: async (pki) => ({ chain: [await pki.leaf(), pki.issuing, pki.root] }),
  },
  {
    title: 'the intermediate authority configured and not presented',
    code: null,
    present: async (pki) => ({ chain: [await pki.leaf()], roots: [pki.root, pki.issuing] }),
  },
  {
    title: 'only the intermediate authority configured',
    code: null,
    present: async (pki) => ({ chain: [await pki.leaf()], roots: [pki.issuing], partialChain: true }),
  },
  {
    title: 'four authorities above the leaf',
    code: null,
    present: (pki) => pki.deep(4),
  },
  {
    title: 'five authorities above the leaf',
    code: 'CERT_CHAIN_TOO_LONG',
    present: (pki) => pki.deep(5),
  },
  {
    title: 'RSA keys of 2048 bits',
    code: null,
    present: async (pki) => {
      const issuer = await pki.authority({ key: 'RSA-2048' });
      return { chain: [await pki.leaf({ key: 'RSA-2048', issuer }), issuer] };
    },
  },
  {
    title: 'a P-384 leaf under a P-384 authority that signs with SHA-384',
    code: null,
    present: async (pki) => {
      const issuer = await pki.authority({ key: 'P-384' });
      return { chain: [await pki.leaf({ key: 'P-384', issuer, hash: 'SHA-384' }), issuer] };
    },
  },
  {
    title: 'a leaf under a P-521 authority',
    code: null,
    present: async (pki) => {
      const issuer = await pki.authority({ key: 'P-521' });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an Ed25519 leaf',
    code: null,
    present: async (pki) => ({ chain: [await pki.leaf({ key: 'Ed25519' }), pki.issuing] }),
  },
  {
    title: 'an intermediate authority restricted to client authentication',
    code: null,
    present: async (pki) => {
      const issuer = await pki.authority({ extKeyUsage: [CLIENT_AUTH] });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an unknown extension that is not critical',
    code: null,
    present: async (pki) => ({
      chain: [await pki.leaf({ other: { ...UNKNOWN, critical: false } }), pki.issuing],
    }),
  },
  {
    title: 'a root signed with SHA-1',
    code: null,
    present: async (pki) => {
      const root = await pki.authority({ issuer: undefined, hash: 'SHA-1' });
      return { chain: [await pki.leaf({ issuer: root })], roots: [root] };
    },
  },
  {
    title: 'the first second of a certificate',
    code: null,
    present: async (pki) => ({ chain: [await pki.leaf({ notBeforeMs: pki.nowMs }), pki.issuing] }),
  },
  {
    title: 'nobody revoked',
    code: null,
    present: async (pki) => ({
      chain: [await pki.leaf(), pki.issuing],
      crls: [await pki.crl(pki.root, []), await pki.crl(pki.issuing, [])],
    }),
  },
  {
    title: 'another one revoked',
    code: null,
    present: async (pki) => ({
      chain: [await pki.leaf(), pki.issuing],
      crls: [await pki.crl(pki.root, []), await pki.crl(pki.issuing, [await pki.leaf()])],
    }),
  },

  {
    title: 'a root that certified its own new key',
    code: null,
    present: async (pki) => {
      const newKey = await pki.authority({ subject: pki.root.name });
      return { chain: [await pki.leaf({ issuer: newKey }), newKey] };
    },
  },
  {
    title: 'a root that certified its own new key, beyond a path length that counts no such certificates',
    code: null,
    present: async (pki) => {
      const root = await pki.authority({ issuer: undefined, pathLength: 0 });
      const newKey = await pki.authority({ issuer: root, subject: root.name });
      return { chain: [await pki.leaf({ issuer: newKey }), newKey], roots: [root] };
    },
  },

  { title: 'no certificate', code: 'CERT_MISSING', present: async () => ({ chain: [] }) },
  {
    title: 'a self-signed leaf',
    code: 'CERT_SELF_SIGNED',
    present: async (pki) => ({ chain: [await pki.leaf({ issuer: undefined })] }),
  },
  {
    title: 'a leaf of an authority that is not trusted',
    code: 'CERT_UNTRUSTED',
    present: async (pki) => {
      const other = await pki.authority({ issuer: undefined });
      return { chain: [await pki.leaf({ issuer: other })] };
    },
  },
  {
    title: 'a leaf and the untrusted root that issued it',
    code: 'CERT_UNTRUSTED',
    present: async (pki) => {
      const other = await pki.authority({ issuer: undefined });
      return { chain: [await pki.leaf({ issuer: other }), other] };
    },
  },
  {
    title: 'a leaf of an untrusted authority with the name of a trusted one',
    code: 'CERT_UNTRUSTED',
    present: async (pki) => {
      const impostor = await pki.authority({ issuer: undefined, subject: pki.root.name });
      return { chain: [await pki.leaf({ issuer: impostor }), impostor] };
    },
  },
  {
    title: 'a leaf of which a byte was changed',
    code: 'CERT_BAD_SIGNATURE',
    present: async (pki) => {
      const leaf = await pki.leaf();
      const changed = Buffer.from(leaf.der);
      // The common name begins with "Person": another letter leaves everything well-formed.
      changed.write('Q', changed.indexOf(leaf.name));
      return { chain: [changed, pki.issuing] };
    },
  },
  {
    title: 'an expired leaf',
    code: 'CERT_EXPIRED',
    present: async (pki) => ({ chain: [await pki.leaf({ notAfterMs: pki.nowMs - 1000 }), pki.issuing] }),
  },
  {
    title: 'a leaf at the moment of its notAfter',
    code: null,
    laxerThanOpenssl: 'RFC 5280 section 4.1.2.5 includes notAfter in the validity',
    present: async (pki) => ({ chain: [await pki.leaf({ notAfterMs: pki.nowMs }), pki.issuing] }),
  },
  {
    title: 'an expired intermediate authority',
    code: 'CERT_EXPIRED',
    present: async (pki) => {
      const issuer = await pki.authority({ notAfterMs: pki.nowMs - 1000 });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an expired root',
    code: 'CERT_EXPIRED',
    present: async (pki) => {
      const root = await pki.authority({ issuer: undefined, notAfterMs: pki.nowMs - 1000 });
      return { chain: [await pki.leaf({ issuer: root })], roots: [root] };
    },
  },
  {
    title: 'an expired root of which the renewal is configured too',
    code: null,
    present: async (pki) => {
      const expired = await pki.authority({ issuer: undefined, notAfterMs: pki.nowMs - 1000 });
      const root = await pki.authority({ issuer: undefined, subject: expired.name, renews: expired });
      return { chain: [await pki.leaf({ issuer: expired })], roots: [expired, root] };
    },
  },
  {
    title: 'a leaf that is not valid yet',
    code: 'CERT_NOT_YET_VALID',
    present: async (pki) => ({ chain: [await pki.leaf({ notBeforeMs: pki.nowMs + 1000 }), pki.issuing] }),
  },
  {
    title: 'an intermediate authority that is not valid yet',
    code: 'CERT_NOT_YET_VALID',
    present: async (pki) => {
      const issuer = await pki.authority({ notBeforeMs: pki.nowMs + 1000 });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'a revoked leaf',
    code: 'CERT_REVOKED',
    present: async (pki) => {
      const leaf = await pki.leaf();
      return {
        chain: [leaf, pki.issuing],
        crls: [await pki.crl(pki.root, []), await pki.crl(pki.issuing, [leaf])],
      };
    },
  },
  {
    title: 'a revoked intermediate authority',
    code: 'CERT_REVOKED',
    present: async (pki) => ({
      chain: [await pki.leaf(), pki.issuing],
      crls: [await pki.crl(pki.root, [pki.issuing]), await pki.crl(pki.issuing, [])],
    }),
  },
  {
    title: 'a revoked intermediate authority that is configured beside its root',
    code: 'CERT_REVOKED',
    present: async (pki) => ({
      chain: [await pki.leaf()],
      roots: [pki.issuing, pki.root],
      crls: [await pki.crl(pki.root, [pki.issuing]), await pki.crl(pki.issuing, [])],
    }),
  },
  {
    title: 'a revocation list of which a byte was changed',
    code: 'CERT_REVOCATION_UNKNOWN',
    present: async (pki) => {
      const [der = new Uint8Array()] = fromPem(await pki.crl(pki.root, []), 'X509 CRL');
      const changed = Buffer.from(der);
      // The last digit of thisUpdate.
      const digit = changed.indexOf('Z') - 1;
      changed[digit] = (changed[digit] ?? 0) ^ 1;
      return { chain: [await pki.leaf({ issuer: pki.root })], crls: [toPem(changed, 'X509 CRL')] };
    },
  },
  {
    title: 'no revocation list of the issuer, though there is another',
    code: 'CERT_REVOCATION_UNKNOWN',
    present: async (pki) => ({
      chain: [await pki.leaf(), pki.issuing],
      crls: [await pki.crl(pki.root, [])],
    }),
  },
  {
    title: 'a revocation list that is out of date',
    code: 'CERT_REVOCATION_UNKNOWN',
    present: async (pki) => ({
      chain: [await pki.leaf({ issuer: pki.root })],
      crls: [await pki.crl(pki.root, [], { nextUpdateMs: pki.nowMs - 1000 })],
    }),
  },
  {
    title: 'a revocation list from the future',
    code: 'CERT_REVOCATION_UNKNOWN',
    present: async (pki) => ({
      chain: [await pki.leaf({ issuer: pki.root })],
      crls: [await pki.crl(pki.root, [], { thisUpdateMs: pki.nowMs + 60_000 })],
    }),
  },
  {
    title: 'a revocation list that an impostor of the same name signed',
    code: 'CERT_REVOCATION_UNKNOWN',
    present: async (pki) => {
      const impostor = await pki.authority({ issuer: undefined, subject: pki.root.name });
      return { chain: [await pki.leaf({ issuer: pki.root })], crls: [await pki.crl(impostor, [])] };
    },
  },
  {
    title: 'an authority that may not sign revocation lists',
    code: 'CERT_REVOCATION_UNKNOWN',
    present: async (pki) => {
      const root = await pki.authority({ issuer: undefined, keyUsage: ['keyCertSign'] });
      return { chain: [await pki.leaf({ issuer: root })], roots: [root], crls: [await pki.crl(root, [])] };
    },
  },
  {
    title: 'a leaf for servers',
    code: 'CERT_WRONG_USAGE',
    present: async (pki) => ({ chain: [await pki.leaf({ extKeyUsage: [SERVER_AUTH] }), pki.issuing] }),
  },
  {
    title: 'a leaf for any extended key usage, clientAuth not named',
    code: 'CERT_WRONG_USAGE',
    present: async (pki) => ({ chain: [await pki.leaf({ extKeyUsage: [ANY_USAGE] }), pki.issuing] }),
  },
  {
    title: 'a leaf without extended key usage',
    code: 'CERT_WRONG_USAGE',
    stricterThanOpenssl: 'RFC 5280 lets such a key do anything; ours must be meant for clients',
    present: async (pki) => ({ chain: [await pki.leaf({ extKeyUsage: undefined }), pki.issuing] }),
  },
  {
    title: 'a leaf that may only agree on keys',
    code: 'CERT_WRONG_USAGE',
    stricterThanOpenssl: 'static Diffie-Hellman is client authentication too; statements are signed',
    present: async (pki) => ({ chain: [await pki.leaf({ keyUsage: ['keyAgreement'] }), pki.issuing] }),
  },
  {
    title: 'an intermediate authority restricted to servers',
    code: 'CERT_WRONG_USAGE',
    present: async (pki) => {
      const issuer = await pki.authority({ extKeyUsage: [SERVER_AUTH] });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an authority presented in place of a leaf',
    code: 'CERT_WRONG_USAGE',
    present: async (pki) => ({ chain: [await pki.authority({ extKeyUsage: [CLIENT_AUTH] })] }),
  },
  {
    title: 'an issuer without the CA flag',
    code: 'CERT_NOT_A_CA',
    present: async (pki) => {
      const issuer = await pki.authority({ ca: false, keyUsage: ['digitalSignature'] });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an issuer that may sign certificates, yet has no CA flag',
    code: 'CERT_NOT_A_CA',
    present: async (pki) => {
      const issuer = await pki.authority({ ca: false });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an issuer without basic constraints',
    code: 'CERT_NOT_A_CA',
    present: async (pki) => {
      const issuer = await pki.authority({ ca: undefined, pathLength: undefined });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'a leaf used as an issuer',
    code: 'CERT_NOT_A_CA',
    present: async (pki) => {
      const issuer = await pki.leaf();
      return { chain: [await pki.leaf({ issuer }), issuer, pki.issuing] };
    },
  },
  {
    title: 'an issuer that may not sign certificates',
    code: 'CERT_NOT_A_CA',
    present: async (pki) => {
      const issuer = await pki.authority({ keyUsage: ['cRLSign'] });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an issuer without key usage',
    code: 'CERT_NOT_A_CA',
    present: async (pki) => {
      const issuer = await pki.authority({ keyUsage: undefined });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'a chain that is longer than an intermediate authority allows',
    code: 'CERT_CHAIN_TOO_LONG',
    present: async (pki) => {
      const upper = await pki.authority({ pathLength: 0 });
      const lower = await pki.authority({ issuer: upper });
      return { chain: [await pki.leaf({ issuer: lower }), lower, upper] };
    },
  },
  {
    title: 'a chain that is longer than the root allows',
    code: 'CERT_CHAIN_TOO_LONG',
    present: async (pki) => {
      const root = await pki.authority({ issuer: undefined, pathLength: 0 });
      const lower = await pki.authority({ issuer: root });
      return { chain: [await pki.leaf({ issuer: lower }), lower], roots: [root] };
    },
  },
  {
    title: 'a leaf signed with SHA-1',
    code: 'CERT_WEAK',
    present: async (pki) => ({ chain: [await pki.leaf({ hash: 'SHA-1' }), pki.issuing] }),
  },
  {
    title: 'an intermediate authority signed with SHA-1',
    code: 'CERT_WEAK',
    present: async (pki) => {
      const issuer = await pki.authority({ hash: 'SHA-1' });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an RSA leaf of 1024 bits',
    code: 'CERT_WEAK',
    present: async (pki) => ({ chain: [await pki.leaf({ key: 'RSA-1024' }), pki.issuing] }),
  },
  {
    title: 'an intermediate authority with RSA of 1024 bits',
    code: 'CERT_WEAK',
    present: async (pki) => {
      const issuer = await pki.authority({ key: 'RSA-1024' });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'a root with RSA of 1024 bits',
    code: 'CERT_WEAK',
    present: async (pki) => {
      const root = await pki.authority({ issuer: undefined, key: 'RSA-1024' });
      return { chain: [await pki.leaf({ issuer: root })], roots: [root] };
    },
  },
  {
    title: 'a P-224 leaf',
    code: 'CERT_WEAK',
    stricterThanOpenssl: 'it counts as 112 bits, just enough for level 2; WebCrypto does not know it',
    onlyBy: 'openssl',
    present: async (pki) => ({ chain: [await pki.leaf({ key: 'P-224' }), pki.issuing] }),
  },
  {
    title: 'a leaf on a curve that WebCrypto does not know',
    code: 'CERT_UNSUPPORTED',
    stricterThanOpenssl: 'openssl knows the curve',
    onlyBy: 'openssl',
    present: async (pki) => ({ chain: [await pki.leaf({ key: 'secp256k1' }), pki.issuing] }),
  },
  {
    title: 'a leaf signed with SHA-224',
    code: 'CERT_UNSUPPORTED',
    onlyBy: 'openssl',
    stricterThanOpenssl: 'it counts as 112 bits, just enough for level 2',
    present: async (pki) => ({ chain: [await pki.leaf({ hash: 'SHA-224' }), pki.issuing] }),
  },
  {
    title: 'a leaf signed with RSASSA-PSS',
    code: 'CERT_UNSUPPORTED',
    onlyBy: 'openssl',
    stricterThanOpenssl: 'it is a sound algorithm that hardly any authority uses',
    present: async (pki) => {
      const issuer = await pki.authority({ key: 'RSA-2048' });
      return { chain: [await pki.leaf({ issuer, pss: true }), issuer] };
    },
  },
  {
    title: 'a leaf signed with MD5',
    code: 'CERT_WEAK',
    onlyBy: 'openssl',
    present: async (pki) => {
      const issuer = await pki.authority({ key: 'RSA-2048' });
      return { chain: [await pki.leaf({ issuer, hash: 'MD5' }), issuer] };
    },
  },
  {
    title: 'an extension twice',
    code: 'CERT_MALFORMED',
    onlyBy: '@peculiar/x509',
    present: async (pki) => {
      // A second keyUsage that would permit everything.
      const other = { oid: '2.5.29.15', critical: true, valueHex: '030206c0' };
      return { chain: [await pki.leaf({ other }), pki.issuing] };
    },
  },
  {
    title: 'a leaf of version 1',
    code: 'CERT_NONCONFORMING',
    onlyBy: 'openssl',
    stricterThanOpenssl: 'such a certificate has no extensions and may do anything',
    present: async (pki) => ({ chain: [await pki.leaf({ version: 1 }), pki.issuing] }),
  },
  {
    title: 'policy constraints',
    code: 'CERT_UNSUPPORTED',
    stricterThanOpenssl: 'openssl ignores them unless asked for policies; we refuse rather than ignore them',
    present: async (pki) => {
      // requireExplicitPolicy: 0
      const other = { oid: '2.5.29.36', critical: true, valueHex: '3003800100' };
      const issuer = await pki.authority({ other });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'critical certificate policies',
    code: null,
    present: async (pki) => {
      const other = { oid: '2.5.29.32', critical: true, valueHex: `300630040602${'2a03'}` };
      return { chain: [await pki.leaf({ other }), pki.issuing] };
    },
  },
  {
    title: 'an unknown critical extension in the leaf',
    code: 'CERT_UNSUPPORTED',
    present: async (pki) => ({
      chain: [await pki.leaf({ other: { ...UNKNOWN, critical: true } }), pki.issuing],
    }),
  },
  {
    title: 'an unknown critical extension in an authority',
    code: 'CERT_UNSUPPORTED',
    present: async (pki) => {
      const issuer = await pki.authority({ other: { ...UNKNOWN, critical: true } });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'name constraints that are not critical',
    code: 'CERT_UNSUPPORTED',
    stricterThanOpenssl: 'openssl enforces them; we refuse rather than ignore them',
    present: async (pki) => {
      const issuer = await pki.authority({ other: { ...NAME_CONSTRAINTS, critical: false } });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'name constraints',
    code: 'CERT_UNSUPPORTED',
    stricterThanOpenssl: 'openssl enforces them; we refuse rather than ignore them',
    present: async (pki) => {
      const issuer = await pki.authority({ other: { ...NAME_CONSTRAINTS, critical: true } });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'basic constraints of an authority that are not critical',
    code: 'CERT_NONCONFORMING',
    present: async (pki) => {
      const issuer = await pki.authority({ basicConstraintsCritical: false });
      return { chain: [await pki.leaf({ issuer }), issuer] };
    },
  },
  {
    title: 'an authority without subject key identifier',
    code: 'CERT_NONCONFORMING',
    present: async (pki) => {
      const root = await pki.authority({ issuer: undefined, subjectKeyId: false, authorityKeyId: false });
      return { chain: [await pki.leaf({ issuer: root, authorityKeyId: false })], roots: [root] };
    },
  },
  {
    title: 'a leaf without authority key identifier',
    code: 'CERT_NONCONFORMING',
    present: async (pki) => ({ chain: [await pki.leaf({ authorityKeyId: false }), pki.issuing] }),
  },
  {
    title: 'a leaf that names nobody',
    code: 'CERT_NONCONFORMING',
    stricterThanOpenssl: 'the certificate is sound, but an account cannot be made of it',
    present: async (pki) => ({ chain: [await pki.leaf({ email: undefined }), pki.issuing] }),
  },
  {
    title: 'a chain in the wrong order',
    code: 'CERT_MALFORMED',
    stricterThanOpenssl: 'openssl takes intermediates as a heap',
    present: async (pki) => {
      const lower = await pki.authority();
      return { chain: [await pki.leaf({ issuer: lower }), pki.root, lower] };
    },
  },
  {
    title: 'a certificate twice',
    code: 'CERT_MALFORMED',
    stricterThanOpenssl: 'openssl takes intermediates as a heap',
    present: async (pki) => {
      const root = await pki.authority({ issuer: undefined });
      return { chain: [await pki.leaf({ issuer: root }), root, root], roots: [root] };
    },
  },
  {
    title: 'bytes after the certificate',
    code: 'CERT_MALFORMED',
    stricterThanOpenssl: 'openssl skips them',
    present: async (pki) => ({ chain: [Buffer.concat([(await pki.leaf()).der, Buffer.of(0)]), pki.issuing] }),
  },
];

/** Whether it can be read, and its key is not on P-256. */
function hasOtherKey(der: Uint8Array): boolean {
  try {
    return parseCertificate(der).key.type !== 'P-256';
  } catch {
    return false;
  }
}

/**
 * What members of an encrypted room say of a newcomer's chain. They allow for an hour's difference between clocks, so they are asked an
 * hour later or earlier about what is over or not valid yet.
 */
async function memberVerdict(
  authority: Authority,
  asked: {
    chain: Uint8Array[];
    roots: readonly Made[];
    crls: readonly string[] | undefined;
    atMs: number;
    code: ErrorCode | null;
  },
): Promise<string | null> {
  const { chain, roots, crls = [], atMs, code } = asked;
  const skewMs = { CERT_EXPIRED: 3_600_000, CERT_NOT_YET_VALID: -3_600_000 }[code as string] ?? 0;
  const judge = new CredentialJudge(
    {
      deploymentCa: parseCertificate(authority.certificateDer),
      companyCas: roots.map(({ der }) => parseCertificate(der)),
    },
    () => atMs + skewMs,
  );
  const ders = crls.flatMap((pem) => fromPem(pem, 'X509 CRL'));
  await judge.revocations.take({ lists: ders.map((der) => Buffer.from(der).toString('base64')) }, atMs);
  const [leaf] = chain;
  try {
    const signaturePublicKey = leaf ? parseCertificate(leaf).spki.slice(-65) : new Uint8Array();
    const credential = { credentialType: 'x509' as const, certificates: chain };
    const member = await judge.judgeNew({ credential, signaturePublicKey });
    return (await judge.standingOf(member)) === 'unknown' ? 'CERT_REVOCATION_UNKNOWN' : null;
  } catch (error) {
    return CanopyError.from(error).code;
  }
}

for (const makerName of ['openssl', '@peculiar/x509'] satisfies MakerName[]) {
  describe(`threat 1: certificates made by ${makerName}`, { concurrency: 2 }, () => {
    let dir: string;
    let authority: Authority;
    let maker: Maker;
    let pki: Pki;

    before(async () => {
      dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-verdicts-'));
      maker = makerName === 'openssl' ? new OpensslMaker(dir) : new LibraryMaker();
      authority = await Authority.open({ dir: path.join(dir, 'own'), name: 'Canopy' });
      pki = await Pki.create(maker);
    });
    after(() => rm(dir, { recursive: true }));

    for (const { title, code, onlyBy, stricterThanOpenssl, laxerThanOpenssl, present } of cases) {
      if (onlyBy && onlyBy !== makerName) {
        continue;
      }
      const note = stricterThanOpenssl
        ? ` (openssl accepts: ${stricterThanOpenssl})`
        : laxerThanOpenssl
          ? ` (openssl refuses: ${laxerThanOpenssl})`
          : '';
      test(`${title}: ${code ?? 'accepted'}${note}`, async () => {
        const { chain, roots = [pki.root], crls, atMs = pki.nowMs, partialChain } = await present(pki);
        const rootsPem = roots.map(({ pem }) => pem).join('');
        const work = await mkdtemp(path.join(dir, 'case-'));
        const caBundleFile = path.join(work, 'bundle.pem');
        const crlFile = crls && path.join(work, 'crl.pem');
        await writeFile(caBundleFile, rootsPem);
        if (crlFile) {
          await writeFile(crlFile, crls.join(''));
        }

        const trust = await TrustStore.create({ authority, policy: 'pki', caBundleFile, crlFile });
        const verdict = await verifyChain(chain.map(bytesOf), trust, atMs).then(
          () => null,
          (error: unknown) => {
            assert.ok(error instanceof CanopyError, `${error}`);
            return error;
          },
        );
        const judgement = await opensslVerify({
          dir: work,
          chain: chain.map(bytesOf),
          rootsPem,
          crlPem: crls?.join(''),
          atMs,
          ...(partialChain && { partialChain }),
        });

        assert.equal(verdict?.code ?? null, code, verdict?.detail);
        const [leaf] = chain.map(bytesOf);
        // Members sign with keys on P-256 only.
        const expected = leaf && hasOtherKey(leaf) ? 'ENCRYPTION_INVALID' : code;
        const asked = { chain: chain.map(bytesOf), roots, crls, atMs, code };
        assert.equal(await memberVerdict(authority, asked), expected);
        assert.equal(
          judgement.accepted,
          laxerThanOpenssl === undefined && (code === null || stricterThanOpenssl !== undefined),
          judgement.output,
        );
      });
    }
  });
}
