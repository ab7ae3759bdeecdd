import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type IceUse, type LocalAudio, SdpError, SdpSession } from './index.ts';

const local = (ice: IceUse): LocalAudio => ({ address: '192.0.2.1', port: 4000, codecs: ['PCMU'], ice });
const CREDENTIALS = ['a=ice-ufrag:9uB6', 'a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh'];
const HOST = 'a=candidate:1 1 UDP 2130706431 192.0.2.20 5000 typ host';
const RTCP = 'a=candidate:1 2 UDP 2130706430 192.0.2.20 5001 typ host';
const ICE = [...CREDENTIALS, HOST, RTCP];
const sdp = (session: string[], ...lines: string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.20', 's=-', 'c=IN IP4 192.0.2.20', 't=0 0']
    .concat(session, 'm=audio 5000 RTP/AVP 0', lines, '')
    .join('\r\n');
const phone = (...lines: string[]) => sdp([], ...lines);
const linesOf = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`^a=${name}(?::(.*))?\r$`, 'gm'))].map(([, value]) => value ?? '');
const credentialsOf = (text: string) => [...linesOf(text, 'ice-ufrag'), ...linesOf(text, 'ice-pwd')];

describe('ICE in offers and answers (RFC 8839)', () => {
  it('a phone that offers it gets our credentials and candidates, as from an ICE-lite agent', () => {
    const { sdp: text, audio } = new SdpSession().answer(phone(...ICE), local('accept'));
    assert.match(text, /^a=ice-lite\r$/m);
    assert.ok(text.indexOf('a=ice-lite') < text.indexOf('m=audio'), 'a session attribute');
    assert.deepEqual(linesOf(text, 'candidate'), [
      '1 1 UDP 2130706431 192.0.2.1 4000 typ host',
      '1 2 UDP 2130706430 192.0.2.1 4001 typ host',
    ]);
    const { ice = assert.fail() } = audio;
    assert.deepEqual(credentialsOf(text), [ice.usernameFragment, ice.password]);
    assert.deepEqual(
      [ice.remoteUsernameFragment, ice.remotePassword, ice.controlling],
      ['9uB6', 'YH75Fviy6338Vbrhrlp8Yh', false],
    );
    assert.deepEqual(ice.candidates, [
      { component: 1, priority: 2_130_706_431, address: '192.0.2.20', port: 5000 },
      { component: 2, priority: 2_130_706_430, address: '192.0.2.20', port: 5001 },
    ]);
  });

  it('with rtcp-mux there is one component; credentials may stand in the session, or look like numbers', () => {
    const credentials = ['a=ice-ufrag:123456', 'a=ice-pwd:1234567890123456789012'];
    const { sdp: text, audio } = new SdpSession().answer(
      sdp(credentials, HOST, 'a=rtcp-mux'),
      local('accept'),
    );
    assert.equal(linesOf(text, 'candidate').length, 1);
    assert.equal(audio.ice?.remoteUsernameFragment, '123456');
    assert.equal(audio.ice?.remotePassword, '1234567890123456789012');
  });

  it('phones without ICE see nothing of it, unless it is to be offered; `off` ignores what they offer', () => {
    for (const [offer, use] of [
      [phone(), 'accept'],
      [phone(), 'offer'],
      [phone(...ICE), 'off'],
    ] as const) {
      const { sdp: text, audio } = new SdpSession().answer(offer, local(use));
      assert.doesNotMatch(text, /ice|candidate/);
      assert.equal(audio.ice, undefined);
    }
    assert.doesNotMatch(new SdpSession().offer(local('accept')), /ice|candidate/);
    assert.doesNotMatch(new SdpSession().offer(local('off')), /ice|candidate/);
  });

  it('our offer has it if set; an answer without it, or with ice-mismatch, goes on without', () => {
    for (const lines of [[], ['a=ice-mismatch'], [...ICE, 'a=ice-mismatch'], CREDENTIALS]) {
      const session = new SdpSession();
      assert.match(session.offer(local('offer')), /^a=candidate:1 2 /m);
      assert.equal(session.readAnswer(phone(...lines)).ice, undefined, lines.join());
    }
    const session = new SdpSession();
    const offer = session.offer(local('offer'));
    const { ice } = session.readAnswer(phone(...ICE));
    assert.deepEqual([ice?.usernameFragment, ice?.password], credentialsOf(offer));
    assert.equal(ice?.controlling, false);
  });

  it('an ICE-lite phone is checked by us: our answer does not claim to be lite', () => {
    const { sdp: text, audio } = new SdpSession().answer(sdp(['a=ice-lite'], ...ICE), local('accept'));
    assert.equal(audio.ice?.controlling, true);
    assert.doesNotMatch(text, /ice-lite/);
    const session = new SdpSession();
    session.offer(local('offer'));
    assert.equal(session.readAnswer(sdp(['a=ice-lite'], ...ICE)).ice?.controlling, true);
  });

  it('candidates that lack the address of the SDP are answered with ice-mismatch, and not used', () => {
    const elsewhere = HOST.replace('192.0.2.20', '10.0.0.1');
    for (const lines of [
      [...CREDENTIALS, elsewhere, RTCP],
      [...CREDENTIALS, HOST, RTCP.replace('5001', '5007')],
      [...ICE, 'a=rtcp:6000'],
      CREDENTIALS,
      [...CREDENTIALS, 'a=candidate:1 1 TCP 1 192.0.2.20 5000 typ host'],
    ]) {
      const { sdp: text, audio } = new SdpSession().answer(phone(...lines), local('accept'));
      assert.match(text, /^a=ice-mismatch\r$/m, lines.join());
      assert.doesNotMatch(text, /ice-(lite|ufrag)|candidate/);
      assert.equal(audio.ice, undefined);
    }
    // A phone on hold by its address has no mismatch.
    const held = phone(...ICE).replace('c=IN IP4 192.0.2.20', 'c=IN IP4 0.0.0.0');
    assert.ok(new SdpSession().answer(held, local('accept')).audio.ice);
  });

  it('a browser that hides its addresses is not on hold: its checks show them', () => {
    const hidden = (...lines: string[]) =>
      phone(...lines, 'a=rtcp-mux')
        .replace('c=IN IP4 192.0.2.20', 'c=IN IP4 0.0.0.0')
        .replace('audio 5000', 'audio 9');
    const name = 'a=candidate:1 1 udp 2113937151 55218a8c.local 45987 typ host generation 0';
    const { sdp: text, audio } = new SdpSession().answer(hidden(...CREDENTIALS, name), local('accept'));
    assert.deepEqual([audio.direction, audio.ice?.candidates], ['sendrecv', []]);
    assert.match(text, /^a=ice-lite\r$/m);
    assert.equal(new SdpSession().answer(hidden(), local('accept')).audio.direction, 'recvonly');
    const session = new SdpSession();
    session.offer(local('offer'));
    assert.equal(session.readAnswer(hidden(...CREDENTIALS, name)).direction, 'sendrecv');
  });

  it('a re-INVITE keeps our credentials; with new ones it restarts ICE; without any, it ends it', () => {
    const session = new SdpSession();
    const first = credentialsOf(session.answer(phone(...ICE), local('accept')).sdp);
    const held = session.answer(phone(...ICE, 'a=sendonly'), local('accept'));
    assert.deepEqual(credentialsOf(held.sdp), first);
    assert.deepEqual(credentialsOf(session.offer(local('accept'))), first);
    session.readAnswer(phone(...ICE));
    const restart = phone('a=ice-ufrag:new1', CREDENTIALS[1] as string, HOST, RTCP);
    const second = credentialsOf(session.answer(restart, local('accept')).sdp);
    assert.equal(second.length, 2);
    assert.ok(second.every((value, index) => value !== first[index]));
    const without = session.answer(phone(), local('accept'));
    assert.deepEqual([without.audio.ice, credentialsOf(without.sdp)], [undefined, []]);
    assert.doesNotMatch(session.offer(local('accept')), /ice/);
  });

  it('threat 37: malformed and hostile lines are ignored, or refused with a clear error', () => {
    const use = (...lines: string[]) => new SdpSession().answer(phone(...lines), local('accept')).audio.ice;
    for (const lines of [
      ['a=ice-ufrag:abc', CREDENTIALS[1] as string, HOST, RTCP],
      ['a=ice-ufrag:ab"d', CREDENTIALS[1] as string, HOST, RTCP],
      [`a=ice-ufrag:${'a'.repeat(257)}`, CREDENTIALS[1] as string, HOST, RTCP],
      [CREDENTIALS[0] as string, 'a=ice-pwd:short', HOST, RTCP],
      [CREDENTIALS[0] as string, HOST, RTCP],
    ]) {
      assert.equal(use(...lines), undefined, lines[0]);
    }
    const hostile = [
      'a=candidate:1 1 UDP 1 224.0.0.1 5000 typ host',
      'a=candidate:1 1 UDP 1 host.example 5000 typ host',
      'a=candidate:1 1 UDP 99999999999 192.0.2.3 5000 typ host',
      'a=candidate:1 1 UDP 1 192.0.2.3 0 typ host',
      'a=candidate:1 1 UDP 1 192.0.2.3 65536 typ host',
      'a=candidate:1 3 UDP 1 192.0.2.3 5000 typ host',
      'a=candidate:1 1 UDP 1 7 5000 typ host',
      'a=candidate:1 1 7 1 192.0.2.3 5000 typ host',
      'a=candidate:',
      'a=candidate:1',
    ];
    assert.equal(use(...ICE, ...hostile)?.candidates.length, 2);
    const many = Array.from(
      { length: 200 },
      (_, n) => `a=candidate:1 1 UDP 1 192.0.2.3 ${6000 + n} typ host`,
    );
    assert.equal(use(...ICE, ...many)?.candidates.length, 32);
    const piece = fc.oneof(
      fc.constantFrom(
        'a=candidate:',
        'a=ice-ufrag:',
        'a=ice-pwd:',
        'a=ice-lite',
        ' UDP',
        ' 1',
        '\r\n',
        ...ICE,
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          use(pieces.join(''));
        } catch (error) {
          assert.ok(error instanceof SdpError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
