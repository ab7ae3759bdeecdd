import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { CanopyError } from '../../base/errors/index.ts';
import { parseCertificate } from '../../contract/x509/index.ts';
import { Authority, TrustStore, verifyChain } from './index.ts';
import { type Made, OpensslMaker, opensslVerify, Pki } from './test-pki/index.ts';

const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

/** How many of the accepted ones openssl is asked about: each takes a process. */
const JUDGED = 40;

let dir: string;
let pki: Pki;
let trust: TrustStore;

before(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-differential-'));
  pki = await Pki.create(new OpensslMaker(dir));
  const authority = await Authority.open({ dir: path.join(dir, 'own'), name: 'Test' });
  const caBundleFile = path.join(dir, 'bundle.pem');
  await writeFile(caBundleFile, pki.root.pem);
  trust = await TrustStore.create({ authority, policy: 'pki', caBundleFile, checkIntervalMs: 3_600_000 });
});
after(() => rm(dir, { recursive: true }));

/** Whoever holds an authority's key can sign anything at all, so the signature does not protect what comes after it. */
function signedBy(issuer: Made, tbs: Uint8Array): Uint8Array {
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', tbs, issuer.keyPem)]);
  return new Uint8Array(element(0x30, Buffer.concat([tbs, ECDSA_SHA256, element(0x03, signature)])));
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

/** Changes some bytes, most of them to values that mean something in DER. */
const edits = fc.array(
  fc.tuple(
    fc.nat(10_000),
    fc.oneof(fc.constantFrom(0x00, 0x01, 0x02, 0x05, 0x30, 0x7f, 0x80, 0x82, 0xff), fc.nat(255)),
  ),
  { minLength: 1, maxLength: 2 },
);

function apply(bytes: Uint8Array, changes: [number, number][]): Uint8Array {
  const changed = Uint8Array.from(bytes);
  for (const [at, value] of changes) {
    changed[at % changed.length] = value;
  }
  return changed;
}

for (const which of ['leaf', 'authority'] as const) {
  test(`an odd ${which} with a valid signature is refused, or openssl accepts it too`, async () => {
    const issuing = await pki.authority();
    const leaf = await pki.leaf({ issuer: issuing });
    const accepted: Uint8Array[][] = [];
    const refusals = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(edits, async (changes) => {
        const chain =
          which === 'leaf'
            ? [signedBy(issuing, apply(parseCertificate(leaf.der).tbs, changes)), issuing.der]
            : [leaf.der, signedBy(pki.root, apply(parseCertificate(issuing.der).tbs, changes))];
        try {
          const device = await verifyChain(chain, trust, pki.nowMs);
          assert.match(device.displayName, /^[^\p{Cc}]{1,64}$/u);
          accepted.push(chain);
        } catch (error) {
          if (!(error instanceof CanopyError)) {
            throw error;
          }
          assert.match(error.code, /^CERT_/);
          refusals.set(error.code, (refusals.get(error.code) ?? 0) + 1);
        }
      }),
      { numRuns: 1000 },
    );
    // The changes must have reached the rules behind the reader, and some must have been harmless.
    assert.ok(refusals.size >= 4, [...refusals.keys()].join());
    assert.ok(accepted.length > 0);
    for (const chain of accepted.slice(0, JUDGED)) {
      const { accepted: accepts, output } = await opensslVerify({
        dir,
        chain,
        rootsPem: pki.root.pem,
        atMs: pki.nowMs,
      });
      assert.ok(accepts, `${output}\n${chain.map((der) => Buffer.from(der).toString('hex')).join('\n')}`);
    }
  });
}
