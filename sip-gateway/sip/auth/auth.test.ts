import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildResponse, parseMessage, type SipRequest } from '../message/index.ts';
import { FakeClock } from '../transaction/index.ts';
import { digestResponse, digestSecret } from './digest.ts';
import { ChallengeRefused, DigestClient } from './digest-client.ts';
import { DigestServer } from './digest-server.ts';
import { Nonces } from './nonces.ts';

function register(authorization = ''): SipRequest {
  const result = parseMessage(
    Buffer.from(
      `REGISTER sip:canopy.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nFrom: <sip:alice@canopy.test>;tag=1\r\nTo: <sip:alice@canopy.test>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n${authorization}\r\n`,
    ),
  );
  if (!('message' in result) || result.message.kind !== 'request') {
    throw new Error('no request');
  }
  return result.message;
}

const OFFICE = '192.0.2.1';

function pair(algorithms: readonly ('MD5' | 'SHA-256')[] = ['SHA-256', 'MD5']) {
  const clock = new FakeClock();
  const passwords: Record<string, string> = { alice: 'secret', bob: 'other-secret' };
  const lookup = (name: string) => passwords[name];
  const server = new DigestServer({ realm: 'canopy.test', lookup, clock, algorithms });
  /** A phone that is challenged at an address and answers from one of its ports. */
  const phone = (username: string, password = passwords[username] ?? '', address = OFFICE, port = 5060) => {
    const client = new DigestClient({ username, password, realm: 'canopy.test' }, () => true);
    const challenge = (stale = false) =>
      client.learn(buildResponse(register(), 401, { headers: server.challenge(address, stale) }), address);
    const authorize = (method = 'REGISTER', uri = 'sip:canopy.test') =>
      client.authorize(method, uri, address)[0]?.[1] ?? '';
    const verify = (authorization: string, extra = '') =>
      server.verify(register(`Authorization: ${authorization}\r\n${extra}`), { address, port });
    const login = () => {
      challenge();
      return verify(authorize());
    };
    return { challenge, authorize, verify, login };
  };
  return { clock, server, phone, ...phone('alice') };
}

const STALE = { ok: false, challenge: true, stale: true };
const CHALLENGED = { ok: false, challenge: true, stale: false };

describe('digest', () => {
  it('computes the responses of RFC 7616 §3.9.1 and RFC 2617 §3.5', () => {
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

  it('the client uses the strongest offered algorithm, and increments the nonce count', () => {
    const { challenge, authorize, verify } = pair();
    challenge();
    const first = authorize();
    assert.match(first, /algorithm=SHA-256/);
    assert.match(first, /nc=00000001/);
    assert.deepEqual(verify(first), { ok: true, username: 'alice' });
    assert.deepEqual(verify(authorize()), { ok: true, username: 'alice' });
  });

  it('threat 18: credentials are accepted once; a replay only gets a new nonce', () => {
    const { challenge, authorize, verify } = pair();
    challenge();
    const [first, second, third] = [authorize(), authorize(), authorize()];
    assert.equal(verify(third).ok, true);
    assert.equal(verify(first).ok, true, 'one that was overtaken is no replay');
    for (const replay of [first, third]) {
      assert.deepEqual(verify(replay), { ok: false, challenge: true, stale: true });
    }
    assert.equal(verify(second).ok, true);
  });

  it('threat 18: a nonce expires, and one of another server counts as expired', () => {
    const { clock, challenge, authorize, verify } = pair();
    challenge();
    clock.advance(300_001);
    assert.deepEqual(verify(authorize()), { ok: false, challenge: true, stale: true });
    const other = pair();
    other.challenge();
    assert.deepEqual(verify(other.authorize()), { ok: false, challenge: true, stale: true });
  });

  it('threat 18: a nonce whose counts were forgotten is stale, so that a replay does not count as its first use', () => {
    const clock = new FakeClock();
    const nonces = new Nonces(clock, 300, 2);
    const used = [1, 2, 3].map(() => {
      clock.advance(10);
      const nonce = nonces.create(OFFICE);
      assert.equal(nonces.isFresh(nonce, OFFICE), true);
      assert.equal(nonces.take(nonce, 1), true);
      return nonce;
    });
    assert.deepEqual(
      used.map((nonce) => nonces.isFresh(nonce, OFFICE)),
      [false, true, true],
    );
    clock.advance(10);
    assert.equal(nonces.isFresh(nonces.create(OFFICE), OFFICE), true);
  });

  it('threat 18: another method or a changed response counts as a wrong password', () => {
    const { challenge, authorize, verify } = pair(['SHA-256']);
    challenge();
    for (const wrong of [authorize('INVITE'), authorize().replace(/response="./, 'response="x')]) {
      assert.deepEqual(verify(wrong), { ok: false, challenge: false, username: 'alice' }, wrong);
    }
  });

  it('threat 18: another qop or algorithm than requested is challenged again', () => {
    const { challenge, authorize, verify } = pair(['SHA-256']);
    challenge();
    for (const wrong of [
      authorize().replace('qop=auth', 'qop=auth-int'),
      authorize().replace('SHA-256', 'MD5'),
      authorize().replace(/nc=\w+/, 'nc=123456789'),
      authorize().replace(/nc=\w+/, 'nc=one'),
    ]) {
      assert.deepEqual(verify(wrong), CHALLENGED, wrong);
    }
  });

  it('threat 18: ten wrong passwords lock the user out at that source for five minutes, right password or not', () => {
    const { clock, phone, challenge, authorize, verify } = pair();
    challenge();
    const wrong = (index: number) => authorize().replace(/response="[^"]*"/, `response="${index}"`);
    for (let index = 0; index < 9; index++) {
      assert.deepEqual(verify(wrong(index)), { ok: false, challenge: false, username: 'alice' });
    }
    const lockedNow = { ok: false, challenge: false, username: 'alice', lockedNow: 'user' };
    assert.deepEqual(verify(wrong(9)), lockedNow);
    assert.deepEqual(verify(authorize()), {
      ok: false,
      challenge: false,
      username: 'alice',
      locked: 'user',
    });
    assert.equal(phone('alice', undefined, '192.0.2.2').login().ok, true, 'elsewhere it is not');
    clock.advance(300_001);
    challenge(true);
    assert.equal(verify(authorize()).ok, true);
  });

  it('threat 55: a lockout of one user does not affect others at the same address', () => {
    const { challenge, authorize, verify, phone } = pair();
    challenge();
    for (let index = 0; index < 10; index++) {
      verify(authorize().replace(/response="[^"]*"/, `response="${index}"`));
    }
    assert.equal(verify(authorize()).ok, false);
    assert.equal(phone('bob').login().ok, true);
  });

  it('threat 55: a phone that has recently logged in is not locked out by a guesser at the same address', () => {
    const { phone } = pair();
    const good = phone('alice', undefined, OFFICE, 40_001);
    assert.equal(good.login().ok, true);
    for (let index = 0; index < 20; index++) {
      phone('alice', `guess ${index}`, OFFICE, 40_002).login();
    }
    assert.deepEqual(phone('alice', undefined, OFFICE, 40_002).login(), {
      ok: false,
      challenge: false,
      username: 'alice',
      locked: 'user',
    });
    assert.equal(good.login().ok, true);
  });

  it('threat 55: behind a proxy, where all share one port, a guessed user is locked out despite a recent login', () => {
    const { phone } = pair();
    const proxied = 'Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKb\r\n';
    const attempt = (password?: string) => {
      const each = phone('alice', password);
      each.challenge();
      return each.verify(each.authorize(), proxied);
    };
    assert.equal(attempt().ok, true);
    for (let index = 0; index < 10; index++) {
      attempt(`guess ${index}`);
    }
    assert.equal(attempt().ok, false);
  });

  it('threat 55: forged nonces, expired ones and those of another address are challenged and never counted', () => {
    const { clock, server, phone, challenge, authorize, verify } = pair();
    const elsewhere = phone('alice', 'guess', '192.0.2.66');
    elsewhere.challenge();
    challenge();
    const old = authorize();
    clock.advance(300_001);
    for (let index = 0; index < 200; index++) {
      assert.deepEqual(verify(authorize().replace(/nonce="[^"]*"/, `nonce="a${index}"`)), STALE);
      assert.deepEqual(verify(elsewhere.authorize()), STALE);
      assert.deepEqual(verify(old.replace(/response="[^"]*"/, `response="${index}"`)), STALE);
    }
    assert.equal(server.knows(OFFICE), false);
    challenge();
    assert.equal(verify(authorize()).ok, true);
    assert.equal(server.knows(OFFICE), true);
  });

  it('threat 55: a retransmitted wrong password counts once', () => {
    const { challenge, authorize, verify } = pair();
    challenge();
    const wrong = authorize().replace(/response="[^"]*"/, 'response="0"');
    for (let index = 0; index < 20; index++) {
      verify(wrong);
    }
    assert.equal(verify(authorize()).ok, true);
  });

  it('threat 18: a hundred wrong passwords for any users lock a source out; for IPv6, the whole network', () => {
    const { phone } = pair();
    const at = (index: number) => `2001:db8::${index.toString(16)}`;
    for (let index = 1; index <= 100; index++) {
      phone(`user${index}`, 'guess', at(index)).login();
    }
    const locked = { ok: false, challenge: false, username: 'alice', locked: 'source' };
    assert.deepEqual(phone('alice', undefined, at(101)).login(), locked);
    assert.equal(phone('alice', undefined, '2001:db8:0:1::1').login().ok, true);
  });

  it('threat 55: a source with a recent login is never locked out as a whole', () => {
    const { phone } = pair();
    assert.equal(phone('bob').login().ok, true);
    for (let index = 1; index <= 200; index++) {
      phone(`user${index}`, 'guess').login();
    }
    assert.equal(phone('alice').login().ok, true);
  });

  it('accepts the right password with any URI in the digest: proxies rewrite it, and numbers have two forms', () => {
    const { challenge, authorize, verify } = pair();
    challenge();
    for (const uri of [
      'sip:pbx.example',
      'sip:alice@canopy.test:5070',
      'tel:+15550100',
      'tel:100;phone-context=+1',
    ]) {
      assert.equal(verify(authorize('REGISTER', uri)).ok, true, uri);
    }
  });

  it('ignores malformed credentials and those of other schemes and realms next to valid ones', () => {
    const { challenge, authorize, verify } = pair();
    challenge();
    for (const other of [
      'Basic dXNlcjpwYXNz',
      'Digest username=',
      'Digest realm="evil.test", nonce="1"',
      '==',
    ]) {
      const beside = `Authorization: ${other}\r\n`;
      assert.equal(verify(authorize(), beside).ok, true, other);
      assert.equal(verify(`${other}\r\nAuthorization: ${authorize()}`).ok, true, other);
      assert.deepEqual(verify(other), CHALLENGED, other);
    }
  });

  it('accepts nonce counts without leading zeros, an empty qop, and usernames with a domain', () => {
    const { phone, challenge, server } = pair(['MD5']);
    challenge();
    const nonce = () => /nonce="([^"]*)"/.exec(server.challenge(OFFICE, false)[0]?.[1] ?? '')?.[1] ?? '';
    const answer = (username: string, qop: { nc: string; cnonce: string } | undefined, text: string) => {
      const secret = digestSecret('MD5', username, 'canopy.test', 'secret');
      const input = { algorithm: 'MD5', method: 'REGISTER', uri: 'sip:canopy.test' } as const;
      const fresh = nonce();
      const response = digestResponse({ ...input, secret, nonce: fresh, qop });
      return phone('alice').verify(
        `Digest username="${username}", realm="canopy.test", nonce="${fresh}", uri="sip:canopy.test", response="${response}"${text}`,
      );
    };
    const right = { ok: true, username: 'alice' };
    const counted = { nc: '1', cnonce: 'abc' };
    assert.deepEqual(answer('alice', counted, ', qop=auth, nc=1, cnonce="abc"'), right);
    assert.deepEqual(answer('alice', undefined, ', qop=""'), right);
    assert.deepEqual(answer('alice', undefined, ''), right);
    assert.deepEqual(answer('alice@canopy.test', undefined, ''), right);
    assert.deepEqual(answer('mallory@canopy.test', undefined, ''), {
      ok: false,
      challenge: false,
      username: 'mallory',
    });
  });

  it('threat 18: the client answers no challenge of a foreign realm, and none twice for the same nonce', () => {
    const client = new DigestClient(
      { username: 'alice', password: 'secret', realm: 'canopy.test' },
      () => true,
    );
    const challenged = (realm: string, nonce: string) =>
      buildResponse(register(), 401, {
        headers: [['www-authenticate', `Digest realm="${realm}", nonce="${nonce}", qop="auth"`]],
      });
    assert.throws(() => client.learn(challenged('evil.test', '1'), OFFICE), ChallengeRefused);
    assert.deepEqual(client.authorize('REGISTER', 'sip:canopy.test', OFFICE), []);
    client.learn(challenged('canopy.test', '1'), OFFICE);
    client.authorize('REGISTER', 'sip:canopy.test', OFFICE);
    assert.throws(() => client.learn(challenged('canopy.test', '1'), OFFICE), /refused/);
  });

  it('threat 57: the client answers no challenge of a foreign host and sends it no credentials', () => {
    const credentials = { username: 'alice', password: 'secret', realm: 'canopy.test' };
    const client = new DigestClient(credentials, (address) => address === OFFICE);
    const challenged = buildResponse(register(), 401, {
      headers: [['www-authenticate', 'Digest realm="canopy.test", nonce="1", qop=""']],
    });
    assert.throws(() => client.learn(challenged, '192.0.2.66'), ChallengeRefused);
    client.learn(challenged, OFFICE);
    assert.deepEqual(client.authorize('BYE', 'sip:x@192.0.2.66', '192.0.2.66'), []);
    const [[, value] = []] = client.authorize('BYE', 'sip:canopy.test', OFFICE);
    assert.match(value ?? '', /^Digest (?!.*qop)/);
  });
});
