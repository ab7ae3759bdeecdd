import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildResponse, parseMessage, type SipRequest } from '../message/index.ts';
import { FakeClock } from '../transaction/index.ts';
import { digestResponse, digestSecret } from './digest.ts';
import { ChallengeRefused, DigestClient } from './digest-client.ts';
import { DigestServer } from './digest-server.ts';

function register(authorization = ''): SipRequest {
  const result = parseMessage(
    Buffer.from(
      `REGISTER sip:canopy.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nFrom: <sip:alice@canopy.test>;tag=1\r\nTo: <sip:alice@canopy.test>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n${authorization}\r\n`,
    ),
  );
  if (!('message' in result) || result.message.kind !== 'request') throw new Error('no request');
  return result.message;
}

function pair(algorithms: readonly ('MD5' | 'SHA-256')[] = ['SHA-256', 'MD5']) {
  const clock = new FakeClock();
  const lookup = (name: string) => (name === 'alice' ? 'secret' : undefined);
  const server = new DigestServer({ realm: 'canopy.test', lookup, clock, algorithms });
  const client = new DigestClient({ username: 'alice', password: 'secret', realm: 'canopy.test' });
  const challenge = (stale = false) =>
    client.learn(buildResponse(register(), 401, { headers: server.challenge(stale) }));
  const authorize = () => client.authorize('REGISTER', 'sip:canopy.test')[0]?.[1] ?? '';
  const verify = (authorization: string) =>
    server.verify(register(`Authorization: ${authorization}\r\n`), '192.0.2.1');
  return { clock, server, client, challenge, authorize, verify };
}

describe('digest', () => {
  it('gives the responses of RFC 7616 §3.9.1 and RFC 2617 §3.5', () => {
    const input = { method: 'GET', uri: '/dir/index.html' };
    const qop = { nc: '00000001', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' };
    const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
    for (const [algorithm, expected] of [
      ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
      ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
    ] as const) {
      const secret = digestSecret(algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life');
      assert.equal(digestResponse({ ...input, algorithm, secret, nonce, qop }), expected);
    }
    const secret = digestSecret('MD5', 'Mufasa', 'testrealm@host.com', 'Circle Of Life');
    const old = { nc: '00000001', cnonce: '0a4f113b' };
    assert.equal(
      digestResponse({
        ...input,
        algorithm: 'MD5',
        secret,
        nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
        qop: old,
      }),
      '6629fae49393a05397450978507c4ef1',
    );
  });

  it('the client takes the strongest algorithm offered, and counts', () => {
    const { challenge, authorize, verify } = pair();
    challenge();
    const first = authorize();
    assert.match(first, /algorithm=SHA-256/);
    assert.match(first, /nc=00000001/);
    assert.deepEqual(verify(first), { ok: true, username: 'alice' });
    assert.deepEqual(verify(authorize()), { ok: true, username: 'alice' });
  });

  it('threat 18: credentials serve once; a replay gets a new nonce and nothing else', () => {
    const { challenge, authorize, verify } = pair();
    challenge();
    const [first, second, third] = [authorize(), authorize(), authorize()];
    assert.equal(verify(third).ok, true);
    assert.equal(verify(first).ok, true, 'one that was overtaken is no replay');
    for (const replay of [first, third])
      assert.deepEqual(verify(replay), { ok: false, challenge: true, stale: true });
    assert.equal(verify(second).ok, true);
  });

  it('threat 18: a nonce ends after its time, and one of another server is as good as ended', () => {
    const { clock, challenge, authorize, verify } = pair();
    challenge();
    clock.advance(300_001);
    assert.deepEqual(verify(authorize()), { ok: false, challenge: true, stale: true });
    const other = pair();
    other.challenge();
    assert.deepEqual(verify(other.authorize()), { ok: false, challenge: true, stale: true });
  });

  it('threat 18: another method, host, qop or algorithm than was asked for is refused', () => {
    const { challenge, client, authorize, verify } = pair(['SHA-256']);
    challenge();
    const header = (method: string, uri: string) => client.authorize(method, uri)[0]?.[1] ?? '';
    for (const wrong of [
      header('INVITE', 'sip:canopy.test'),
      header('REGISTER', 'sip:other.test'),
      authorize().replace('qop=auth', 'qop=auth-int'),
      authorize().replace('SHA-256', 'MD5'),
      authorize().replace(/response="./, 'response="x'),
    ])
      assert.deepEqual(verify(wrong), { ok: false, challenge: false }, wrong);
  });

  it('threat 18: ten failures lock the source out for five minutes, right password or not', () => {
    const { clock, challenge, authorize, verify } = pair();
    challenge();
    for (let count = 0; count < 10; count++) verify(authorize().replace(/response="[^"]*"/, 'response="0"'));
    assert.deepEqual(verify(authorize()), { ok: false, challenge: false });
    clock.advance(300_001);
    assert.deepEqual(verify(authorize()), { ok: false, challenge: true, stale: true });
    challenge(true);
    assert.equal(verify(authorize()).ok, true);
  });

  it('threat 18: the client answers no challenge of a foreign realm, and none twice for the same nonce', () => {
    const client = new DigestClient({ username: 'alice', password: 'secret', realm: 'canopy.test' });
    const challenged = (realm: string, nonce: string) =>
      buildResponse(register(), 401, {
        headers: [['www-authenticate', `Digest realm="${realm}", nonce="${nonce}", qop="auth"`]],
      });
    assert.throws(() => client.learn(challenged('evil.test', '1')), ChallengeRefused);
    assert.deepEqual(client.authorize('REGISTER', 'sip:canopy.test'), []);
    client.learn(challenged('canopy.test', '1'));
    client.authorize('REGISTER', 'sip:canopy.test');
    assert.throws(() => client.learn(challenged('canopy.test', '1')), /refused/);
  });
});
