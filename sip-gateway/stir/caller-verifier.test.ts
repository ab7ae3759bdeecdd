import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type StirShaken, stirShaken } from '../../contract/index.ts';
import { StirOperator } from '../../test/support/stir-operator.ts';
import { CallerVerifier, type ClaimedCaller } from './index.ts';

const ORIG = '493012345';
const DEST = '4930200';

describe('the number of a caller', () => {
  const trusted = getCACertificates('default');
  let operator: StirOperator;
  let verifier: CallerVerifier;
  let settings: StirShaken;

  before(async () => {
    operator = await StirOperator.start();
    setDefaultCACertificates([...trusted, readFileSync(operator.webCaFile, 'utf8')]);
    verifier = new CallerVerifier();
    settings = stirShaken.parse({ certificateHosts: [operator.host], trustedCa: operator.trustedCa });
  });
  after(() => {
    setDefaultCACertificates(trusted);
    operator.close();
  });

  const call = (identity: string[], more: Partial<ClaimedCaller> = {}): ClaimedCaller => ({
    identity,
    names: [],
    caller: ORIG,
    called: [DEST],
    ...more,
  });
  const signed = async (more: Partial<Parameters<StirOperator['sign']>[0]> = {}) =>
    operator.sign({ orig: ORIG, dest: [DEST], ...more });

  for (const attest of ['A', 'B', 'C']) {
    it(`is verified with the attestation ${attest} that its operator signed`, async () => {
      const { verification, refusal } = await verifier.verify(call([await signed({ attest })]), settings);
      assert.deepEqual(
        [verification?.result, verification?.attestation, verification?.by, refusal],
        ['passed', attest, 'canopy', undefined],
      );
      assert.match(verification?.origId ?? '', /^[0-9a-f-]{36}$/);
    });
  }

  it('is looked up once for many calls', async () => {
    const fresh = new CallerVerifier();
    const from = operator.requests;
    const field = await signed();
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, () => fresh.verify(call([field]), settings)),
    );
    assert.ok(verdicts.every(({ verification }) => verification?.result === 'passed'));
    assert.equal(operator.requests, from + 1);
  });

  it('is not verified for what is forged, stale, replayed to others, or certified by nobody who is trusted', async () => {
    const now = Math.floor(Date.now() / 1000);
    const good = await signed();
    const [token = '', ...params] = good.split(';');
    const [head = '', claims = '', signature = ''] = token.split('.');
    const forged = Buffer.from(claims, 'base64url').toString().replace('"A"', '"B"');
    const cases: Array<[string, string, number, RegExp]> = [
      [
        'another payload',
        [`${head}.${Buffer.from(forged).toString('base64url')}.${signature}`, ...params].join(';'),
        438,
        /signature/,
      ],
      ['no signature', [`${head}.${claims}.`, ...params].join(';'), 438, /full form/],
      ['another algorithm', await unsigned({ alg: 'none' }), 438, /alg/],
      ['another URL', good.replace('/main.pem>', '/other.pem>'), 438, /differ/],
      ['an old one', await signed({ iat: now - 120 }), 403, /12\d s ago/],
      ['one of tomorrow', await signed({ iat: now + 86_400 }), 403, /ago/],
      ['another caller', await signed({ orig: '4930999' }), 438, /another caller/],
      ['another callee', await signed({ dest: ['4930111'] }), 438, /number called/],
      [
        'a strange authority',
        await signed({ url: operator.issue('odd', 'spc=EXP:0,IA5STRING:1', 'stranger') }),
        437,
        /not trusted/,
      ],
      ['an ordinary certificate', await signed({ url: operator.issue('plain') }), 437, /not for this number/],
      [
        'numbers of others',
        await signed({ url: operator.issue('others', 'one=EXP:2,IA5STRING:4930999') }),
        437,
        /not for this/,
      ],
      ['a short form', `..${signature};info=<${operator.url()}>;alg=ES256;ppt=shaken`, 438, /full form/],
    ];
    for (const [what, field, status, reason] of cases) {
      const verdict = await verifier.verify(call([field]), { ...settings, required: true });
      assert.deepEqual([verdict.verification?.result, verdict.refusal?.status], ['failed', status], what);
      assert.match(verdict.verification?.reason ?? '', reason, what);
      const shown = await verifier.verify(call([field]), settings);
      assert.deepEqual([shown.verification?.result, shown.refusal], ['failed', undefined], what);
    }
    async function unsigned(change: object) {
      const changed = { ...JSON.parse(Buffer.from(head, 'base64url').toString()), ...change };
      return [
        `${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${claims}.${signature}`,
        ...params,
      ].join(';');
    }
  });

  it('may be signed by a certificate for just this number, or a block that has it', async () => {
    for (const [name, list] of [
      ['one', `one=EXP:2,IA5STRING:${ORIG}`],
      ['block', 'range=EXP:1,SEQUENCE:block\n[block]\nstart=IA5STRING:493012300\ncount=INTEGER:100'],
    ] as const) {
      const field = await signed({ url: operator.issue(name, list) });
      const { verification } = await verifier.verify(call([field]), settings);
      assert.equal(verification?.result, 'passed', `${name}: ${verification?.reason}`);
    }
  });

  it('threat 28: certificates are fetched only from permitted hosts, over HTTPS, without redirects, and bounded', async () => {
    const from = operator.requests;
    for (const url of [
      'https://127.0.0.1:1/main.pem',
      operator.url().replace('localhost', '127.0.0.1'),
      operator.url().replace('https:', 'http:'),
      operator.url().replace('https://', 'https://user@'),
      'file:///etc/passwd',
    ]) {
      const { verification, refusal } = await verifier.verify(call([await signed({ url })]), {
        ...settings,
        required: true,
      });
      assert.deepEqual(
        [verification?.result, verification?.attestation, refusal?.status],
        ['unverified', 'A', 436],
        url,
      );
    }
    assert.equal(operator.requests, from);
    for (const name of ['moved', 'endless', 'missing']) {
      const url = operator.url(name);
      const { verification, refusal } = await verifier.verify(call([await signed({ url })]), {
        ...settings,
        required: true,
      });
      assert.deepEqual([verification?.result, refusal?.status], ['unverified', 436], name);
    }
    assert.equal(operator.requests, from + 3);
  });

  it('is unknown without a signature, which a trunk may require; other extensions do not count', async () => {
    assert.deepEqual(await verifier.verify(call([]), settings), {});
    const required = { ...settings, required: true };
    assert.deepEqual((await verifier.verify(call([]), required)).refusal, {
      status: 428,
      reason: 'Use Identity Header',
    });
    const other = (await signed()).replace('ppt="shaken"', 'ppt="div"');
    assert.deepEqual(await verifier.verify(call([other]), settings), {});
    const { verification } = await verifier.verify(call([other, await signed()]), settings);
    assert.equal(verification?.result, 'passed');
  });

  it('is what the trunk says about it, only from a trunk that is trusted to', async () => {
    const of = (value: string) => [`<sip:+493012345;verstat=${value}@trunk.example;user=phone>`];
    const trusting = stirShaken.parse({ trustVerstat: true });
    const say = async (names: string[], given = trusting) =>
      (await verifier.verify(call([], { names }), given)).verification;
    assert.deepEqual(await say(of('TN-Validation-Passed-B')), {
      result: 'passed',
      by: 'trunk',
      attestation: 'B',
    });
    assert.deepEqual(await say(['<tel:+493012345;verstat=TN-Validation-Passed>']), {
      result: 'passed',
      by: 'trunk',
    });
    assert.equal((await say(of('TN-Validation-Failed-C')))?.result, 'failed');
    assert.equal(await say(of('No-TN-Validation')), undefined);
    assert.equal(await say(['<sip:+493012345@trunk.example>']), undefined);
    assert.equal(await say(of('TN-Validation-Passed-A'), settings), undefined);
    const required = { ...trusting, required: true };
    const { refusal } = await verifier.verify(call([], { names: of('TN-Validation-Failed') }), required);
    assert.equal(refusal?.status, 438);
  });
});
