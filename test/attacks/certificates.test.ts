// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { importIdentity } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { AUTHORITY, type CertificateOptions, CompanyPki, LEAF } from '../support/openssl.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { TestServer } from '../support/server.ts';

const ROOT = 'Company root';

interface Case {
  what: string;
  code: string;
  /** Certificates of the case in the order of issue; they are presented in reverse. */
  issue: CertificateOptions[];
}

const authority = (name: string, more: Partial<CertificateOptions> = {}): CertificateOptions => ({
  name,
  issuer: ROOT,
  extensions: AUTHORITY,
  ...more,
});
const leaf = (name: string, more: Partial<CertificateOptions> = {}): CertificateOptions => ({
  name,
  issuer: ROOT,
  ...more,
});

const CASES: Case[] = [
  { what: 'self-signed', code: 'CERT_SELF_SIGNED', issue: [leaf('selfie', { issuer: 'selfie' })] },
  {
    what: 'of an authority that nobody configured',
    code: 'CERT_UNTRUSTED',
    issue: [authority('Other root', { issuer: 'Other root' }), leaf('stranger', { issuer: 'Other root' })],
  },
  {
    what: 'of an authority that only calls itself like ours',
    code: 'CERT_UNTRUSTED',
    issue: [leaf('impostor', { issuer: 'Namesake' })],
  },
  { what: 'expired', code: 'CERT_EXPIRED', issue: [leaf('late', { days: [-30, -1] })] },
  { what: 'not valid yet', code: 'CERT_NOT_YET_VALID', issue: [leaf('early', { days: [1, 30] })] },
  {
    what: 'for servers only',
    code: 'CERT_WRONG_USAGE',
    issue: [leaf('server', { extensions: ['basicConstraints=CA:FALSE', 'extendedKeyUsage=serverAuth'] })],
  },
  {
    what: 'whose issuer has no CA flag',
    code: 'CERT_NOT_A_CA',
    issue: [
      authority('Flagless', { extensions: ['keyUsage=critical,keyCertSign,cRLSign'] }),
      leaf('under flagless', { issuer: 'Flagless' }),
    ],
  },
  {
    what: 'issued by a leaf',
    code: 'CERT_NOT_A_CA',
    issue: [leaf('parent'), leaf('child', { issuer: 'parent' })],
  },
  {
    what: 'below more authorities than the path length allows',
    code: 'CERT_CHAIN_TOO_LONG',
    issue: [
      authority('Short', { extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', AUTHORITY[1] ?? ''] }),
      authority('Below', { issuer: 'Short' }),
      leaf('too deep', { issuer: 'Below' }),
    ],
  },
  {
    what: 'in a chain of more certificates than the server takes',
    code: 'CERT_CHAIN_TOO_LONG',
    issue: [
      ...[1, 2, 3, 4].map((n) => authority(`Floor ${n}`, n === 1 ? {} : { issuer: `Floor ${n - 1}` })),
      leaf('attic', { issuer: 'Floor 4' }),
    ],
  },
  { what: 'signed with SHA-1', code: 'CERT_WEAK', issue: [leaf('sha1', { hash: 'sha1' })] },
  { what: 'with a key of RSA-1024', code: 'CERT_WEAK', issue: [leaf('rsa', { key: 'RSA-1024' })] },
  { what: 'revoked', code: 'CERT_REVOKED', issue: [leaf('fired')] },
];

describe('threat 1: certificates, in pki mode', () => {
  const pki = new CompanyPki();
  let attacked: AttackedServer;
  let server: TestServer;

  before(async () => {
    await pki.issue({ name: ROOT, extensions: AUTHORITY });
    await pki.issue({ name: 'Namesake', subject: ROOT, extensions: AUTHORITY });
    await pki.issue(leaf('ann'));
    for (const { issue } of CASES) {
      for (const options of issue) {
        await pki.issue(options);
      }
    }
    attacked = await AttackedServer.start({
      env: {
        CANOPY_IDENTITY_POLICY: 'pki',
        CANOPY_IDENTITY_CA_BUNDLE: pki.file(ROOT, 'pem'),
        CANOPY_IDENTITY_CRL: await pki.revoke(ROOT, 'fired'),
      },
    });
    server = attacked.server;
  });
  after(async () => {
    await attacked.close();
    pki.close();
  });

  it('a valid one is accepted, and its owner may join', async () => {
    const identity = await importIdentity({
      serverUrl: server.url,
      certificatePem: pki.pem('ann'),
      privateKeyPem: pki.key('ann'),
    });
    const client = await ProtocolClient.enter(server.url, identity);
    const { participants } = await client.get('room.join', { roomId: 'team' });
    assert.deepEqual(
      participants.map(({ displayName, role }) => ({ displayName, role })),
      [{ displayName: 'ann', role: 'member' }],
    );
    await client.get('room.leave', {});
    client.close();
  });

  for (const { what, code, issue } of CASES) {
    it(`one ${what} is refused with ${code} and a message, and enters no room`, async () => {
      const names = issue.map(({ name }) => name).reverse();
      const client = await ProtocolClient.open(server.url);
      assert.equal(await client.refusal('auth.prove', await client.proof(await presented(names))), code);
      assert.equal(await client.refusal('room.join', { roomId: 'team' }), 'AUTH_REQUIRED');
      client.close();
    });
  }

  it('a client without one is refused, and enters no room', async () => {
    const client = await ProtocolClient.open(server.url);
    const proof = await client.proof(await presented(['ann']));
    assert.equal(await client.refusal('auth.prove', { ...proof, chain: [] }), 'BAD_REQUEST');
    assert.equal(await client.refusal('auth.prove', {}), 'BAD_REQUEST');
    assert.equal(await client.refusal('room.join', { roomId: 'team' }), 'AUTH_REQUIRED');
    client.close();
  });

  it('garbage instead of one is refused with CERT_MALFORMED', async () => {
    for (const chain of [['AAAA'], ['MIIBIjANBgkq'], [Buffer.alloc(6000, 0x30).toString('base64')]]) {
      const client = await ProtocolClient.open(server.url);
      const proof = await client.proof(await presented(['ann']));
      assert.equal(await client.refusal('auth.prove', { ...proof, chain }), 'CERT_MALFORMED');
      client.close();
    }
  });

  /** An identity with the key of the first certificate that presents all of them, even if the SDK itself would refuse them. */
  async function presented(names: string[]) {
    const [first = ''] = names;
    const key = pki.key(first);
    const good = await importIdentity({
      serverUrl: server.url,
      certificatePem: pki.pem(first),
      privateKeyPem: key,
    });
    const chain = pki
      .pem(...names)
      .split(/-----(?:BEGIN|END) CERTIFICATE-----/)
      .map((text) => text.replace(/\s/g, ''))
      .filter(Boolean);
    return Object.create(good, { chain: { value: chain }, proveAuth: { value: good.proveAuth.bind(good) } });
  }
});

describe('threat 1: certificates, in invite mode', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let other: TestServer;

  before(async () => {
    [attacked, other] = await Promise.all([AttackedServer.start(), TestServer.start()]);
    server = attacked.server;
  });
  after(async () => {
    await other.close();
    await attacked.close();
  });

  it('one from another Canopy server is refused, with and without its CA', async () => {
    const identity = await newIdentity(other);
    const { deploymentCa } = (await (await fetch(`${other.url}/api/server`)).json()) as {
      deploymentCa: string;
    };
    for (const [more, code] of [
      [[], 'CERT_UNTRUSTED'],
      [[deploymentCa], 'CERT_UNTRUSTED'],
    ] as const) {
      const client = await ProtocolClient.open(server.url);
      const proof = await client.proof(identity);
      assert.equal(
        await client.refusal('auth.prove', { ...proof, chain: [...identity.chain, ...more] }),
        code,
      );
      assert.equal(await client.refusal('room.join', { roomId: 'team' }), 'AUTH_REQUIRED');
      client.close();
    }
  });

  it('a company’s leaf is refused if no company is configured', async () => {
    const pki = new CompanyPki();
    try {
      await pki.issue({ name: ROOT, extensions: AUTHORITY });
      await pki.issue({ name: 'ann', issuer: ROOT, extensions: LEAF });
      const identity = await importIdentity({
        serverUrl: server.url,
        certificatePem: pki.pem('ann', ROOT),
        privateKeyPem: pki.key('ann'),
      });
      const client = await ProtocolClient.open(server.url);
      assert.equal(await client.refusal('auth.prove', await client.proof(identity)), 'CERT_UNTRUSTED');
      client.close();
    } finally {
      pki.close();
    }
  });
});
