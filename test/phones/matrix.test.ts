import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, it, type TestContext } from 'node:test';
import { Baresip } from '../support/baresip.ts';
import type { HeardTone } from '../support/heard-tone.ts';
import { Kamailio } from '../support/kamailio.ts';
import { CompanyPki } from '../support/openssl.ts';
import { PhoneServer, type SipProtocol } from '../support/phone-server.ts';
import { installed } from '../support/programs.ts';
import { TonePerson } from '../support/tone-person.ts';
import { eventually } from '../support/wait.ts';

const CODECS = { PCMU: 'PCMU/8000/1', PCMA: 'PCMA/8000/1', G722: 'G722/16000/1', opus: 'opus/48000/2' };
const PROTOCOLS: SipProtocol[] = ['udp', 'tcp', 'tls'];
/** Number of pairs tested at once. */
const CONCURRENCY = 4;

/** None of the phones' numbers is an emergency number, as 112 is: those are refused. */
const FIRST_NUMBER = 201;

/** A codec and a transport, with their own phone, room and tones. */
interface Pair {
  codec: string;
  /** The codec in baresip's notation. */
  baresip: string;
  protocol: SipProtocol;
  number: string;
  roomId: string;
  phoneHz: number;
  roomHz: number;
}

const PAIRS = Object.entries(CODECS).flatMap(([codec, baresip], row) =>
  PROTOCOLS.map((protocol, column): Pair => {
    const n = row * PROTOCOLS.length + column;
    const tones = { phoneHz: 450 + 50 * n, roomHz: 1700 - 50 * n };
    return { codec, baresip, protocol, number: `${FIRST_NUMBER + n}`, roomId: `room-${n}`, ...tones };
  }),
);

/** Each transport once. */
const SOME_PAIRS: Record<SipProtocol, string> = { udp: 'PCMU', tcp: 'opus', tls: 'G722' };

const hasBaresip = await installed('baresip');
const hasKamailio = await installed('kamailio');

describe('phones with every codec over every transport', {
  skip: hasBaresip ? false : 'baresip is not installed',
}, () => {
  for (const [where, host, pairs] of [
    ['registered here', '127.0.0.1', PAIRS],
    [
      'registered here over IPv6',
      '::1',
      PAIRS.filter(({ codec, protocol }) => SOME_PAIRS[protocol] === codec),
    ],
  ] as const) {
    describe(where, { concurrency: CONCURRENCY }, () => {
      let server: PhoneServer;

      before(async () => {
        server = await PhoneServer.start({ host });
        await server.addPhones(...pairs.map(({ number }) => number));
        await server.setDialPlan(pairs.map(intoRoom));
      });
      after(async () => {
        try {
          await server.untilIdle();
          await assertCounted(server, pairs);
        } finally {
          await server.close();
        }
      });

      for (const pair of pairs) {
        it(`a phone calls the room and is called from it, with ${pair.codec} over ${pair.protocol}: each hears the other's tone`, async (t) => {
          const { number, baresip, protocol, phoneHz } = pair;
          const phone = await server.phone(number, { codecs: baresip, protocol, toneHz: phoneHz });
          try {
            await callBothWays(t, server, pair, phone, { uri: server.uri(number, protocol), target: number });
          } finally {
            await phone.stop();
          }
        });
      }
    });
  }

  describe('behind Kamailio as its PBX', {
    concurrency: CONCURRENCY,
    skip: hasKamailio ? false : 'kamailio is not installed',
  }, () => {
    let pki: CompanyPki;
    let server: PhoneServer;
    let pbx: Kamailio;

    before(async () => {
      pki = new CompanyPki();
      await pki.issue({ name: 'pbx', extensions: ['subjectAltName=IP:127.0.0.1'] });
      const certificate = pki.file('pbx', 'pem');
      await writeFile(pki.file('pbx', 'both'), `${pki.key('pbx')}${pki.pem('pbx')}`);
      server = await PhoneServer.start({ env: { NODE_EXTRA_CA_CERTS: certificate } });
      pbx = await Kamailio.start(
        PROTOCOLS.map((transport) => ({
          prefix: transport,
          port: transport === 'tls' ? server.tlsPort : server.sipPort,
          transport,
        })),
        { tls: { certificate, key: pki.file('pbx', 'key') } },
      );
      for (const protocol of PROTOCOLS) {
        await server.server.api('PUT', `/api/sip/trunks/${protocol}`, {
          uri: `sip:${address(protocol)}`,
          addresses: ['127.0.0.1'],
          username: 'canopy',
          password: 'secret',
          realm: 'pbx.test',
        });
      }
      await server.setDialPlan([
        ...PAIRS.map((pair) => intoRoom({ ...pair, number: throughPbx(pair) })),
        ...PROTOCOLS.map((trunk, n) => ({
          direction: 'outgoing',
          pattern: `${n}*`,
          action: { type: 'trunk', trunk, stripDigits: 1 },
        })),
      ]);
    });
    after(async () => {
      try {
        await server.untilIdle();
        await assertCounted(server, PAIRS);
      } finally {
        await server.close();
        await pbx?.stop();
        pki.close();
      }
    });

    const address = (protocol: SipProtocol) =>
      `127.0.0.1:${protocol === 'tls' ? pbx.tlsPort : pbx.port};transport=${protocol}`;

    for (const pair of PAIRS) {
      it(`a phone calls the room and is called from it, with ${pair.codec} over ${pair.protocol} on every hop: each hears the other's tone`, async (t) => {
        const { number, baresip, protocol, phoneHz } = pair;
        const at = address(protocol);
        const phone = await Baresip.start(
          `<sip:${number}@${at}>;auth_user=${number};auth_pass=secret;regint=60;audio_codecs=${baresip}`,
          { record: true, toneHz: phoneHz, certificate: pki.file('pbx', 'both') },
        );
        try {
          await phone.registered();
          await callBothWays(t, server, pair, phone, {
            uri: `sip:${throughPbx(pair)}@${at}`,
            target: `${PROTOCOLS.indexOf(protocol)}${number}`,
          });
        } finally {
          await phone.stop();
        }
      });
    }
  });
});

/** Whether the metrics have each call by direction and codec, and no failed ones. */
async function assertCounted(server: PhoneServer, pairs: readonly Pair[]): Promise<void> {
  const metrics = await server.server.metrics();
  for (const direction of ['incoming', 'outgoing']) {
    for (const [codec, { length }] of Map.groupBy(pairs, ({ codec }) => codec)) {
      assert.equal(
        metrics.get(`canopy_sip_accepted_total{direction="${direction}",codec="${codec}"}`),
        length,
        `${direction} calls by ${codec}`,
      );
    }
  }
  assert.deepEqual(
    [...metrics.keys()].filter((name) => name.startsWith('canopy_sip_failed_total{')),
    [],
  );
}

/** The number that the PBX routes to the gateway over the pair's transport. */
function throughPbx({ protocol, number }: Pair): string {
  return protocol + number;
}

function intoRoom({ number, roomId }: Pair): object {
  return { pattern: number, action: { type: 'room', roomId } };
}

/** Calls the room from the phone, then the phone from the room. */
async function callBothWays(
  t: TestContext,
  server: PhoneServer,
  { codec, protocol, roomId, phoneHz, roomHz }: Pair,
  phone: Baresip,
  { uri, target }: { uri: string; target: string },
): Promise<void> {
  const person = await TonePerson.enter(server.server, roomId, roomHz);
  const hearEachOther = async (way: string) => {
    const [inRoom, atPhone] = await Promise.all([
      person.hears(phoneHz, PhoneServer.voiceLevelDb),
      phone.hears(roomHz, TonePerson.toneLevelDb),
    ]);
    t.diagnostic(
      `${codec}, ${protocol}, ${way}: in the room ${shown(inRoom)}, at the phone ${shown(atPhone)}`,
    );
  };
  try {
    phone.command('dial', uri);
    await phone.waitFor('CALL_ESTABLISHED');
    await hearEachOther('it calls');
    phone.command('hangup');
    await phone.waitFor('CALL_CLOSED');
    const { callId } = await server.server.api<{ callId: string }>('POST', '/api/sip/calls', {
      roomId,
      target,
    });
    await phone.waitFor('CALL_INCOMING');
    phone.command('accept');
    await phone.waitFor('CALL_ESTABLISHED');
    await hearEachOther('it is called');
    await server.server.api('DELETE', `/api/sip/calls/${callId}`);
    await phone.waitFor('CALL_CLOSED');
  } catch (error) {
    throw new Error(`${phone.output}\n${server.server.log.slice(-4000)}`, { cause: error });
  } finally {
    await person.leave();
  }
  assert.deepEqual(transports(phone.output), [protocol], 'the transport of every message');
  const calls = await eventually(
    'the history has both calls to their end',
    async () => (await server.calls()).filter((call) => call.roomId === roomId),
    (found) => found.length === 2 && found.every(({ endCause }) => endCause !== null),
  );
  assert.deepEqual(
    calls.map((call) => [call.direction, call.codec, call.endCause]),
    [
      ['outgoing', codec, 'local'],
      ['incoming', codec, 'remote'],
    ],
  );
  // Its value depends on delays on a busy machine; audio quality was checked above.
  for (const { mos } of calls) {
    assert.ok(mos !== null && mos >= 1 && mos <= 4.5, `MOS ${mos}`);
  }
}

/** The transports of all hops in a phone's message trace, and of the Contacts of both sides. */
function transports(trace: string): string[] {
  const hops = [...trace.matchAll(/^Via: SIP\/2\.0\/(\w+) /gm)].map(([, used = '']) => used.toLowerCase());
  const contacts = [...trace.matchAll(/^Contact: <[^>]*?(?:;transport=(\w+))?>/gm)].map(
    ([, named = 'udp']) => named,
  );
  return [...new Set([...hops, ...contacts])];
}

function shown({ frequencyHz, levelDb, snrDb }: HeardTone): string {
  return `${frequencyHz} Hz at ${levelDb.toFixed(1)} dB (SNR ${snrDb.toFixed(0)} dB)`;
}
