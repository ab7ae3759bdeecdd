// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { dominantTone, isTone } from '../support/heard-tone.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { eventually } from '../support/wait.ts';
import { writeSound } from '../support/write-sound.ts';

const ROOM = 'team';
const MUSIC_HZ = 600;
const MUSIC_LEVEL_DB = 20 * Math.log10(0.25);
const NAME_HZ = 1100;
const OTHER_HZ = 1500;

describe('phones in a room with hold music and spoken names', () => {
  let folder: string;
  let server: PhoneServer;
  const phones: Baresip[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'canopy-music-'));
    const music = join(folder, 'music.wav');
    writeSound(music, (n) => Math.sin((2 * Math.PI * MUSIC_HZ * n) / 48_000) / 4, 3);
    server = await PhoneServer.start({ flags: ['--workers', '1'], env: { CANOPY_SIP_HOLD_MUSIC: music } });
    await server.addPhones('1001', '1002');
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
  });
  afterEach(async () => {
    await Promise.all(phones.splice(0).map((phone) => phone.stop()));
    await server.untilIdle();
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function call(username: string, codecs: string, toneHz: number): Promise<Baresip> {
    const phone = await server.phone(username, { codecs, toneHz });
    phones.push(phone);
    phone.command('dial', server.uri('100'));
    await phone.waitFor('CALL_ESTABLISHED');
    return phone;
  }

  async function enter(): Promise<ProtocolClient> {
    const identity = await newIdentity(server.server, { role: 'member', displayName: 'Ann' });
    const client = await ProtocolClient.enter(server.server.url, identity);
    await client.get('room.join', { roomId: ROOM });
    return client;
  }

  /** Waits until a phone is heard in the room. */
  async function talks(ann: ProtocolClient, username: string): Promise<void> {
    const { participant } = await ann.event(
      'participant.joined',
      ({ participant: { displayName } }) => displayName === `Phone ${username}`,
    );
    await ann.event(
      'producer.added',
      ({ producer: { participantId } }) => participantId === participant.participantId,
    );
  }

  for (const codec of ['PCMU/8000/1', 'G722/16000/1', 'opus/48000/2']) {
    it(`a phone alone in a room hears the music until somebody comes, with ${codec}`, async (t) => {
      const phone = await call('1001', codec, OTHER_HZ);
      const heard = await phone.hears(MUSIC_HZ, MUSIC_LEVEL_DB);
      t.diagnostic(JSON.stringify(heard));
      const ann = await enter();
      await phone.hearsNothing();
      await ann.get('room.leave', {});
      ann.close();
      await phone.hears(MUSIC_HZ, MUSIC_LEVEL_DB);
    });
  }

  it('callers say their name, which the phones in the room hear when they come and go', async (t) => {
    await server.server.api('PATCH', `/api/rooms/${ROOM}/settings`, { phoneAnnouncements: 'recorded' });
    // Somebody else is there, so that no music plays.
    const ann = await enter();
    const listener = await call('1001', 'PCMU/8000/1', OTHER_HZ);
    await talks(ann, '1001');
    await listener.hearsNothing();
    const caller = await call('1002', 'PCMU/8000/1', NAME_HZ);
    await talks(ann, '1002');
    // Its name, then its voice.
    await listener.hears(NAME_HZ);
    caller.command('hangup');
    await ann.event('participant.left');
    // A full second from now can no longer be the caller's voice.
    t.diagnostic(JSON.stringify(await listener.hears(NAME_HZ)));
    await listener.hearsNothing();
    await server.server.api('PATCH', `/api/rooms/${ROOM}/settings`, { phoneAnnouncements: null });
    ann.close();
  });

  it('a key skips the question, and the caller is announced by name', async () => {
    await server.server.api('PATCH', `/api/rooms/${ROOM}/settings`, { phoneAnnouncements: 'recorded' });
    const ann = await enter();
    const listener = await call('1001', 'PCMU/8000/1', OTHER_HZ);
    await talks(ann, '1001');
    const caller = await call('1002', 'PCMU/8000/1', NAME_HZ);
    await eventually(
      'the question is heard',
      async () => (await caller.recording()).samples.some((sample) => Math.abs(sample) > 1000),
      (isHeard) => isHeard,
    );
    caller.press('#');
    await talks(ann, '1002');
    caller.command('hangup');
    await ann.event('participant.left');
    const before = (await listener.recording()).samples.length;
    await listener.hearsNothing();
    const { samples, rateHz } = await listener.recording();
    // After the caller's last words.
    for (let from = before + rateHz / 2; from + rateHz / 2 <= samples.length; from += rateHz / 10) {
      const tone = dominantTone(Float64Array.from(samples.subarray(from, from + rateHz / 2)), rateHz);
      assert.ok(!isTone(NAME_HZ)(tone), JSON.stringify(tone));
    }
    await server.server.api('PATCH', `/api/rooms/${ROOM}/settings`, { phoneAnnouncements: null });
    ann.close();
  });
});
