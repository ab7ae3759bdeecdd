// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { enrol, memoryStore, parseInvitation } from '../../client/sdk/index.ts';
import type { Baresip } from '../support/baresip.ts';
import { PHONE_PASSWORD, PhoneServer, type SipProtocol } from '../support/phone-server.ts';
import { noPjsua, PjsuaPhone } from '../support/pjsua-phone.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import type { TestServer } from '../support/server.ts';
import { headerOf, SipPeer, tagOf } from '../support/sip-peer.ts';
import { TonePerson } from '../support/tone-person.ts';
import { eventually } from '../support/wait.ts';

const PCMU = 'PCMU/8000/1';

/** A phone with its own room, and what is common to baresip and PJSIP in these tests. */
interface Softphone {
  call(): Promise<void>;
  called(): Promise<void>;
  hears(frequencyHz: number): Promise<unknown>;
  /** Holds and resumes, where the phone can. */
  holdAndResume?(): Promise<void>;
  hangUp(): Promise<void>;
  stop(): Promise<void>;
}

describe('encrypted calls (SRTP)', () => {
  let server: PhoneServer;

  before(async () => {
    // A scripted caller has no TLS.
    server = await PhoneServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_SIP_SRTP_WITHOUT_TLS: 'true' },
    });
    await server.addPhones('2001', '2003', '2005');
    await server.addPhone('2011', { keying: 'dtls' });
    await server.addPhone('2012', { keying: 'dtls', srtp: 'required' });
    for (const username of ['2002', '2004', '2006']) {
      await server.addPhone(username, { srtp: 'required' });
    }
    await server.setDialPlan(
      [{ pattern: '20XX', action: { type: 'room', roomId: 'plain' } }].concat(
        ['2001', '2002', '2003', '2004', '2011', '2012'].map((number) => ({
          pattern: `1${number}`,
          action: { type: 'room', roomId: `room-${number}` },
        })),
      ),
    );
  });
  after(async () => {
    await server.finish();
  });

  async function baresip(
    username: string,
    mediaenc: string,
    protocol: SipProtocol = 'tls',
  ): Promise<Softphone> {
    const phone: Baresip = await server.phone(username, {
      codecs: PCMU,
      protocol,
      account: `;mediaenc=${mediaenc}`,
      toneHz: 700,
    });
    return {
      call: async () => {
        phone.command('dial', server.uri(`1${username}`, protocol));
        await phone.waitFor('CALL_ESTABLISHED');
      },
      called: async () => {
        await phone.waitFor('CALL_INCOMING');
        phone.command('accept');
        await phone.waitFor('CALL_ESTABLISHED');
      },
      hears: (frequencyHz) => phone.hears(frequencyHz),
      hangUp: async () => {
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
      },
      stop: () => phone.stop(),
    };
  }

  async function pjsua(username: string, srtp: 'optional' | 'mandatory'): Promise<Softphone> {
    const phone = await PjsuaPhone.start({
      username,
      password: PHONE_PASSWORD,
      server: `127.0.0.1:${server.tlsPort}`,
      transport: 'tls',
      srtp,
      address: '127.0.0.1',
      toneHz: 700,
      codecs: [PCMU],
    });
    return {
      call: () => phone.call(`1${username}`),
      called: async () => {
        await phone.isIn('CONFIRMED');
      },
      hears: (frequencyHz) => phone.hears(frequencyHz),
      holdAndResume: async () => {
        await phone.hold(true);
        await phone.hold(false);
      },
      hangUp: async () => {
        phone.hangUp();
        await phone.isIn('DISCONNECTED');
      },
      stop: () => phone.stop(),
    };
  }

  /** The phones' own settings, with those of their accounts: by their numbers, preferred and required. */
  const PHONES: Record<
    string,
    { start: (username: string) => Promise<Softphone>; keying?: 'dtls'; needsPjsua?: boolean }
  > = {
    2001: { start: (username) => baresip(username, 'srtp') },
    2002: { start: (username) => baresip(username, 'srtp-mand') },
    2003: { start: (username) => pjsua(username, 'optional'), needsPjsua: true },
    2004: { start: (username) => pjsua(username, 'mandatory'), needsPjsua: true },
    2011: { start: (username) => baresip(username, 'dtls_srtp'), keying: 'dtls' },
    2012: { start: (username) => baresip(username, 'dtls_srtp', 'udp'), keying: 'dtls' },
  };

  describe('with phones that encrypt', { concurrency: 4 }, () => {
    for (const [username, { start, keying = 'sdes', needsPjsua = false }] of Object.entries(PHONES)) {
      const [program, use] = [
        needsPjsua ? 'PJSIP' : 'baresip',
        Number(username) % 2 ? 'preferred' : 'required',
      ];
      it(`${program} calls the room and is called from it with keys by ${keying.toUpperCase()}, encryption ${use}: each hears the other's tone`, {
        skip: needsPjsua && noPjsua,
      }, async () => {
        const roomId = `room-${username}`;
        const phone = await start(username);
        const person = await TonePerson.enter(server.server, roomId, 1100);
        const watcher = await ProtocolClient.enter(server.server.url, await newIdentity(server.server));
        await watcher.get('room.join', { roomId });
        const encrypted = async () => {
          await watcher.event(
            'participant.updated',
            ({ participant: { kind, callEncrypted, callState } }) =>
              kind === 'phone' && callState === 'answered' && callEncrypted === true,
          );
        };
        const hearEachOther = () =>
          Promise.all([person.hears(700, PhoneServer.voiceLevelDb), phone.hears(1100)]);
        try {
          await phone.call();
          await hearEachOther();
          if (phone.holdAndResume) {
            await phone.holdAndResume();
            await hearEachOther();
          }
          const active = (await server.server.metrics()).get(`canopy_sip_calls{encryption="${keying}"}`);
          assert.ok(active !== undefined && active > 0);
          await phone.hangUp();
          await server.server.api('POST', '/api/sip/calls', { roomId, target: username });
          await phone.called();
          await encrypted();
          await hearEachOther();
          await phone.hangUp();
        } finally {
          await watcher.get('room.leave', {});
          watcher.close();
          await person.leave();
          await phone.stop();
        }
        const calls = await eventually(
          'the history has both calls',
          async () => (await server.calls()).filter((call) => call.roomId === roomId),
          (found) => found.length === 2 && found.every(({ endCause }) => endCause !== null),
        );
        assert.deepEqual(
          calls.map(({ direction, encryption }) => [direction, encryption]),
          [
            ['outgoing', keying],
            ['incoming', keying],
          ],
        );
      });
    }
  });

  it('a phone that refuses our first offer is called again with another one, encrypted or not', async () => {
    await server.addPhone('2007', { srtp: 'preferred' });
    await server.addPhone('2008', { srtp: 'preferred', keying: 'dtls' });
    const insists = await server.phone('2007', {
      codecs: PCMU,
      protocol: 'tls',
      account: ';mediaenc=srtp-mand',
    });
    const plain = await server.phone('2008', { codecs: PCMU });
    try {
      for (const [target, phone] of [
        ['2007', insists],
        ['2008', plain],
      ] as const) {
        await server.server.api('POST', '/api/sip/calls', { roomId: 'again', target });
        await phone.waitFor('CALL_INCOMING');
        phone.command('accept');
        await phone.waitFor('CALL_ESTABLISHED');
        phone.command('hangup');
      }
      const calls = await eventually(
        'both calls have ended',
        async () => (await server.calls()).filter((call) => call.roomId === 'again'),
        (found) => found.length === 2 && found.every(({ endedAtMs }) => endedAtMs !== null),
      );
      assert.deepEqual(
        calls.map(({ encryption, endCause }) => [encryption, endCause]),
        [
          ['none', 'remote'],
          ['sdes', 'remote'],
        ],
      );
    } finally {
      await insists.stop();
      await plain.stop();
    }
  });

  it('threat 5: a phone with a certificate of the server’s CA on its TLS connection is verified, another is not', async () => {
    await server.addPhones('2009');
    const roomId = 'verified';
    const certificate = join(server.server.dataDir, 'device.pem');
    await writeFile(certificate, await devicePem(server.server), { mode: 0o600 });
    const ann = await server.phone('2009', { codecs: PCMU, protocol: 'tls', certificate });
    const other = await server.phone('2001', { codecs: PCMU, protocol: 'tls' });
    const watcher = await ProtocolClient.enter(server.server.url, await newIdentity(server.server));
    await watcher.get('room.join', { roomId });
    try {
      for (const [target, phone, verified] of [
        ['2009', ann, true],
        ['2001', other, false],
      ] as const) {
        await server.server.api('POST', '/api/sip/calls', { roomId, target });
        await phone.waitFor('CALL_INCOMING');
        phone.command('accept');
        const { participant } = await watcher.event(
          'participant.updated',
          ({ participant: { deviceVerified, displayName } }) =>
            displayName === `Phone ${target}` && deviceVerified !== undefined,
        );
        assert.deepEqual(
          [participant.deviceVerified, participant.certifiedName],
          [verified, verified ? 'Ann' : undefined],
        );
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
      }
    } finally {
      await watcher.get('room.leave', {});
      watcher.close();
      await ann.stop();
      await other.stop();
    }
  });

  it('threat 21: a phone that must encrypt but does not is refused with 488, in both directions', async () => {
    const phone = await server.phone('2006', { codecs: PCMU, protocol: 'tls' });
    try {
      phone.command('dial', server.uri('2001', 'tls'));
      await phone.waitFor('CALL_CLOSED');
      const { callId } = await server.server.api<{ callId: string }>('POST', '/api/sip/calls', {
        roomId: 'plain',
        target: '2006',
      });
      const calls = await eventually(
        'both calls have ended',
        async () => (await server.calls()).filter((call) => call.roomId === 'plain'),
        (found) => found.length === 2 && found.every(({ endCause }) => endCause !== null),
      );
      assert.deepEqual(
        calls.map(({ direction, endCause, sipStatus, encryption }) => [
          direction,
          endCause,
          sipStatus,
          encryption,
        ]),
        [
          ['outgoing', 'refused', 488, null],
          ['incoming', 'refused', 488, null],
        ],
      );
      assert.equal(calls[0]?.callId, callId);
      assert.match(phone.output, /^Warning: 302 canopy "the audio must be encrypted \(SRTP\)"/m);
    } finally {
      await phone.stop();
    }
  });

  it('threat 21: a re-INVITE cannot end the encryption of a call: 488, and the call goes on encrypted', async () => {
    const peer = await SipPeer.open('127.0.0.7', server.sipPort);
    try {
      const offer = (profile: string, ...lines: string[]) =>
        [
          'v=0',
          'o=- 1 1 IN IP4 127.0.0.7',
          's=-',
          'c=IN IP4 127.0.0.7',
          't=0 0',
          `m=audio 40000 ${profile} 0`,
        ]
          .concat(lines, '')
          .join('\r\n');
      const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 5).toString('base64')}`;
      const callId = 'srtp-downgrade';
      const latestCall = await server.callsFromNow();
      const answered = await peer.login('INVITE', '2005', PHONE_PASSWORD, {
        user: '2001',
        callId,
        sdp: offer('RTP/SAVP', crypto),
      });
      assert.match(
        answered,
        /^SIP\/2\.0 200 .*\nm=audio \d+ RTP\/SAVP 0\r\n.*a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/s,
      );
      const own = /a=crypto:.*/.exec(answered)?.[0];
      const dialog = { user: '2001', callId, from: '2005', toTag: tagOf(answered) };
      const ack = (cseq: number) => peer.send(peer.request('ACK', { ...dialog, cseq }));
      ack(2);
      const attempts = [
        offer('RTP/AVP'),
        offer('RTP/SAVP'),
        offer('RTP/SAVP', `${crypto} UNENCRYPTED_SRTP`),
        offer('RTP/AVP', `${crypto} UNAUTHENTICATED_SRTP`),
      ];
      for (const [n, sdp] of attempts.entries()) {
        const cseq = 3 + n;
        const response = await peer.ask('INVITE', { ...dialog, cseq, sdp });
        ack(cseq);
        assert.match(response, /^SIP\/2\.0 488 /);
        assert.match(headerOf(response, 'Warning') ?? '', /canopy/);
      }
      const kept = await peer.ask('INVITE', { ...dialog, cseq: 8, sdp: offer('RTP/SAVP', crypto) });
      ack(8);
      assert.ok(own !== undefined && kept.includes(own), 'the same key');
      assert.match(await peer.ask('BYE', { ...dialog, cseq: 9 }), /^SIP\/2\.0 200 /);
      const { encryption } = await latestCall(({ endCause }) => endCause === 'remote');
      assert.equal(encryption, 'sdes');
    } finally {
      peer.close();
    }
  });
});

/** The key and the certificates of a new device of Ann's, as a phone stores them. */
async function devicePem(server: TestServer): Promise<string> {
  const invitation = parseInvitation(await server.invite({ displayName: 'Ann' })) ?? assert.fail();
  const store = { ...memoryStore(), needsExtractableKeys: true };
  await enrol({ serverUrl: server.url, ...invitation, store });
  const { deviceKey, chain } = (await store.load(new URL(server.url).origin)) ?? assert.fail();
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', deviceKey)).toString('base64');
  const pem = (label: string, base64: string) =>
    `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;
  return [pem('PRIVATE KEY', key), ...chain.map((der) => pem('CERTIFICATE', der))].join('');
}
