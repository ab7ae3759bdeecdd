import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { CanopyError } from '../../base/errors/index.ts';
import { DerError, parseCrl } from '../../contract/x509/index.ts';
import { Authority, fromPem, TrustStore, verifyChain } from './index.ts';
import { LibraryMaker, Person, Pki } from './test-pki/index.ts';

let dir: string;
let authority: Authority;
let trust: TrustStore;
let inviteChain: Uint8Array[];
let pkiChain: Uint8Array[];
let crl: Uint8Array;

before(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-hostile-'));
  authority = await Authority.open({ dir: path.join(dir, 'own'), name: 'Test' });
  const pki = await Pki.create(new LibraryMaker());
  const leaf = await pki.leaf({ uri: 'https://example.com/' });
  const caBundleFile = path.join(dir, 'bundle.pem');
  await writeFile(caBundleFile, pki.root.pem);
  trust = await TrustStore.create({ authority, policy: 'pki', caBundleFile, checkIntervalMs: 3_600_000 });
  inviteChain = (await (await Person.enrol(authority)).device()).chain;
  pkiChain = [leaf.der, pki.issuing.der];
  crl = fromPem(await pki.crl(pki.issuing, [leaf]), 'X509 CRL')[0] ?? new Uint8Array();
});
after(() => rm(dir, { recursive: true }));

/** The code that a chain is refused with, or null. Anything but a coded error fails. */
async function codeOf(chain: Uint8Array[]): Promise<string | null> {
  try {
    await verifyChain(chain, trust, Date.now());
    return null;
  } catch (error) {
    if (!(error instanceof CanopyError)) {
      throw error;
    }
    assert.match(error.code, /^CERT_/);
    return error.code;
  }
}

/** Nested DER-like elements of tags that certificates use, some lying about their length. */
const { element } = fc.letrec<{ element: Uint8Array }>((tie) => ({
  element: fc
    .tuple(
      fc.constantFrom(0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x18, 0x30, 0x31, 0xa0, 0xa3, 0x1f, 0x80),
      fc.oneof(
        { depthSize: 'small' },
        fc.uint8Array({ maxLength: 24 }),
        fc.array(tie('element'), { maxLength: 5 }).map((parts) => new Uint8Array(Buffer.concat(parts))),
      ),
      fc.oneof(
        { weight: 9, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) },
      ),
    )
    .map(([tag, content, lie]) => {
      const length = Math.max(0, content.length + lie);
      const header = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
      return new Uint8Array([...header, ...content]);
    }),
}));

describe('hostile certificates', () => {
  test('random bytes are refused', async () => {
    const chains = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(chains, async (chain) => assert.equal(await codeOf(chain), 'CERT_MALFORMED')),
      { numRuns: 1000 },
    );
  });

  test('random DER is refused', async () => {
    await fc.assert(
      fc.asyncProperty(element, async (der) => assert.notEqual(await codeOf([der]), null)),
      { numRuns: 2000 },
    );
  });

  test('a chain with any changed bytes is refused', async () => {
    assert.equal(await codeOf(inviteChain), null);
    assert.equal(await codeOf(pkiChain), null);
    const mutation = fc.record({
      pki: fc.boolean(),
      which: fc.nat(1),
      edits: fc.array(
        fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), xor: fc.integer({ min: 1, max: 255 }) }),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
      cut: fc.option(fc.nat(20), { freq: 10 }),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ pki, which, edits, cut }) => {
        const chain = (pki ? pkiChain : inviteChain).map((der) => Uint8Array.from(der));
        const original = Buffer.from(chain[which] ?? []);
        let changed = Uint8Array.from(original);
        for (const { at, xor } of edits) {
          const offset = Math.min(Math.floor(at * changed.length), changed.length - 1);
          changed[offset] = (changed[offset] ?? 0) ^ xor;
        }
        if (cut !== null) {
          changed = changed.slice(0, changed.length - cut);
        }
        fc.pre(!original.equals(changed));
        chain[which] = changed;
        assert.notEqual(await codeOf(chain), null);
      }),
      { numRuns: 3000 },
    );
  });

  test('flipping any bit of a leaf is detected', async () => {
    const [leaf = new Uint8Array(), ...issuers] = inviteChain;
    for (let bit = 0; bit < leaf.length * 8; bit += 1) {
      const changed = Uint8Array.from(leaf);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.notEqual(await codeOf([changed, ...issuers]), null, `bit ${bit}`);
    }
  });

  test('parts of valid chains in any order are refused, or are the valid chain', async () => {
    const parts = [...inviteChain, ...pkiChain, authority.certificateDer];
    const picks = fc.array(fc.nat(parts.length - 1), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(picks, async (indices) => {
        const code = await codeOf(indices.map((i) => parts[i] ?? new Uint8Array()));
        if (code === null) {
          assert.match(indices.join(), /^(?:0,1(?:,[25])?|3,4)$/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a certificate that is too large is refused without parsing', async () => {
    assert.equal(await codeOf([new Uint8Array(1_000_000)]), 'CERT_MALFORMED');
  });
});

describe('hostile revocation lists', () => {
  test('are refused with a DerError', async () => {
    assert.equal(parseCrl(crl).revokedSerials.size, 1);
    const edit = fc.tuple(fc.nat(crl.length - 1), fc.integer({ min: 1, max: 255 }));
    const mutated = fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => {
      const changed = Uint8Array.from(crl);
      for (const [at, xor] of edits) {
        changed[at] = (changed[at] ?? 0) ^ xor;
      }
      return changed;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, element, fc.uint8Array({ maxLength: 200 })), (der) => {
        try {
          parseCrl(der);
        } catch (error) {
          assert.ok(error instanceof DerError, `${error}`);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('hostile requests', () => {
  test('are refused with CSR_INVALID', async () => {
    const random = fc.oneof(element, fc.uint8Array({ maxLength: 300 }));
    await fc.assert(
      fc.asyncProperty(random, async (der) => {
        const signing = authority.signAccount(der, { displayName: 'Ada', validSeconds: 60 });
        await assert.rejects(signing, (error: CanopyError) => error.code === 'CSR_INVALID');
      }),
      { numRuns: 300 },
    );
  });
});
