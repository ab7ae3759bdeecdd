/** A table of what is heard at both ends with every codec, transport and encryption that each softphone has. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SrtpKeying } from '../../contract/index.ts';
import type { HeardTone } from '../support/heard-tone.ts';
import { PhoneServer, type SipProtocol } from '../support/phone-server.ts';
import { noPjsua, noPjsuaIce } from '../support/pjsua-phone.ts';
import { installed } from '../support/programs.ts';
import { type Softphone, type SoftphoneProgram, startSoftphone } from '../support/softphone.ts';
import { TonePerson } from '../support/tone-person.ts';
import { eventually } from '../support/wait.ts';

/** The phones' codecs, in their notation, by our name. */
const CODECS: Record<SoftphoneProgram, Record<string, string>> = {
  baresip: {
    opus: 'opus/48000/2',
    G722: 'G722/16000/1',
    PCMU: 'PCMU/8000/1',
    PCMA: 'PCMA/8000/1',
    GSM: 'GSM/8000/1',
    // It has only the octet-aligned format.
    'AMR-WB/octet-align': 'AMR-WB/16000/1',
  },
  PJSIP: {
    'speex/32000': 'speex/32000/1',
    'speex/16000': 'speex/16000/1',
    'speex/8000': 'speex/8000/1',
    G722: 'G722/16000/1',
    PCMU: 'PCMU/8000/1',
    PCMA: 'PCMA/8000/1',
    GSM: 'GSM/8000/1',
  },
};
const SERVER_CODECS = 'opus,G722,speex/16000,speex/32000,PCMU,PCMA,speex/8000,GSM,AMR-WB,AMR-WB/octet-align';
const PROTOCOLS: SipProtocol[] = ['udp', 'tcp', 'tls'];
const missing: Record<SoftphoneProgram, string | false> = {
  baresip: (await installed('baresip')) ? false : 'baresip is not installed',
  PJSIP: noPjsua,
};

/** How the audio is encrypted, and whether with ICE. */
interface Way {
  label: string;
  keying?: SrtpKeying;
  ice?: boolean;
  /** Why the phone cannot be called so. */
  notCalled?: string;
}
const OFF: Way = { label: 'off' };
const SDES: Way = { label: 'SDES', keying: 'sdes' };
const WAYS: Record<SoftphoneProgram, Way[]> = {
  baresip: [
    OFF,
    SDES,
    { label: 'DTLS', keying: 'dtls' },
    { label: 'DTLS, ICE', keying: 'dtls', ice: true },
    {
      label: 'SDES, ICE',
      keying: 'sdes',
      ice: true,
      notCalled: 'it answers with a crypto line of its own before it has read ours (RFC 4568 §5.1.2)',
    },
  ],
  // PyPI's build has no DTLS-SRTP.
  PJSIP: [OFF, SDES, { label: 'off, ICE', ice: true }],
};

/** Five times the goal, 40 ms: softphones have gaps of their own on a busy machine. The table shows them. */
const GAP_MS = 200;

interface Cell {
  program: SoftphoneProgram;
  codec: string;
  offered: string;
  protocol: SipProtocol;
  way: Way;
  number: string;
  phoneHz: number;
  roomHz: number;
}

const CELLS = (Object.keys(CODECS) as SoftphoneProgram[])
  .flatMap((program) =>
    Object.entries(CODECS[program]).flatMap(([codec, offered]) =>
      PROTOCOLS.flatMap((protocol) =>
        // PJSIP sends no keys in messages that are not encrypted themselves.
        WAYS[program]
          .filter((way) => way !== SDES || program !== 'PJSIP' || protocol === 'tls')
          .map((way) => ({ program, codec, offered, protocol, way })),
      ),
    ),
  )
  .map(
    (cell, n): Cell => ({
      ...cell,
      number: `${1000 + n}`,
      // Tones that no other call nearby has.
      phoneHz: 500 + 50 * (n % 9),
      roomHz: 1200 + 50 * (n % 11),
    }),
  );

const rows: string[] = [];

describe('every codec, transport and encryption', { concurrency: 3 }, () => {
  let server: PhoneServer;

  before(async () => {
    server = await PhoneServer.start({
      env: { CANOPY_SIP_SRTP_WITHOUT_TLS: 'true', CANOPY_SIP_CODECS: SERVER_CODECS },
    });
    for (const { number, way } of CELLS) {
      await server.addPhone(number, {
        ...(way.keying && { keying: way.keying }),
        ...(way.ice && { ice: 'offer' }),
      });
    }
    await server.setDialPlan(
      CELLS.map(({ number }) => ({
        pattern: `2${number}`,
        action: { type: 'room', roomId: `room-${number}` },
      })),
    );
  });
  after(async () => {
    await server.finish();
    console.log(
      [
        '| phone | codec | transport | encryption | call | in the room: Hz, dB, SNR, gap | at the phone: Hz, dB, SNR, gap |',
        '|---|---|---|---|---|---|---|',
        ...rows.sort(),
      ].join('\n'),
    );
  });

  for (const cell of CELLS) {
    const { program, codec, protocol, way, number, offered, phoneHz, roomHz } = cell;
    const { label, notCalled, ...media } = way;
    const directions = notCalled === undefined ? 'in both directions' : `calling only, since ${notCalled}`;
    it(`${program}: ${codec} over ${protocol}, encryption ${label}, ${directions}`, {
      skip: missing[program] || (program === 'PJSIP' && way.ice && noPjsuaIce),
    }, async () => {
      const roomId = `room-${number}`;
      const person = await TonePerson.enter(server.server, roomId, roomHz, {
        pauses: offered.startsWith('speex'),
      });
      let phone: Softphone | undefined;
      try {
        const options = { username: number, protocol, codecs: [offered], ...media, toneHz: phoneHz };
        phone = await startSoftphone(program, server, options);
        await phone.call(`2${number}`);
        await measure(cell, 'in', person, phone);
        await phone.hangUp();
        if (notCalled === undefined) {
          const { callId } = await server.server.api<{ callId: string }>('POST', '/api/sip/calls', {
            roomId,
            target: number,
          });
          await phone.called();
          await measure(cell, 'out', person, phone);
          await server.server.api('DELETE', `/api/sip/calls/${callId}`);
        }
        const calls = await eventually(
          'the history has the calls to their end',
          async () => (await server.calls()).filter((each) => each.roomId === roomId),
          (found) =>
            found.length === (notCalled === undefined ? 2 : 1) &&
            found.every(({ endCause }) => endCause !== null),
        );
        assert.deepEqual(
          calls.map((call) => [call.codec, call.encryption]),
          calls.map(() => [codec, way.keying ?? 'none']),
        );
      } finally {
        await phone?.stop();
        await person.leave();
      }
    });
  }
});

async function measure(cell: Cell, call: 'in' | 'out', person: TonePerson, phone: Softphone): Promise<void> {
  const { program, codec, protocol, way, phoneHz, roomHz } = cell;
  // PJSIP shifts decoded G.722 by two bits until a sample clips, so its level is 6 dB higher in some calls.
  const isLevelKnown = program !== 'PJSIP' || codec !== 'G722';
  const [inRoom, atPhone] = await Promise.all([
    person.hears(phoneHz, PhoneServer.voiceLevelDb),
    phone.hears(roomHz, isLevelKnown ? TonePerson.toneLevelDb : undefined),
  ]);
  assert.ok(
    inRoom.gapMs <= GAP_MS && atPhone.gapMs <= GAP_MS,
    `gaps of ${inRoom.gapMs} and ${atPhone.gapMs} ms`,
  );
  const columns = [program, codec, protocol, way.label, call, shown(inRoom), shown(atPhone)];
  rows.push(`| ${columns.join(' | ')} |`);
}

function shown({ frequencyHz, levelDb, snrDb, gapMs }: HeardTone): string {
  return `${frequencyHz}, ${levelDb.toFixed(1)}, ${snrDb.toFixed(0)}, ${gapMs} ms`;
}
