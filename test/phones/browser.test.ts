import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestBrowser } from '../support/browser.ts';
import { Person } from '../support/person.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { TonePerson } from '../support/tone-person.ts';
import { eventually } from '../support/wait.ts';

const PERSON_HZ = 500;
const PHONE_HZ = 1000;

describe('a phone and a browser in one room', () => {
  let server: PhoneServer;
  let browser: TestBrowser;
  let ann: Person;

  before(async () => {
    server = await PhoneServer.start();
    await server.addPhones('1001');
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: 'team' } }]);
    browser = await TestBrowser.launch({ toneHz: PERSON_HZ });
    ann = new Person(await browser.page(), 'Ann');
    await ann.enterByInvitation(server.server.firstInvitation, 'team');
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  for (const codecs of ['PCMU/8000/1', 'G722/16000/1', 'opus/48000/2']) {
    it(`the browser and the phone hear each other, with ${codecs}`, async (t) => {
      const phone = await server.phone('1001', { codecs, toneHz: PHONE_HZ });
      try {
        phone.command('dial', server.uri('100'));
        await phone.waitFor('CALL_ESTABLISHED');
        const [, heard] = await Promise.all([ann.hears('Phone 1001', PHONE_HZ), phone.hears(PERSON_HZ)]);
        t.diagnostic(`the phone hears ${JSON.stringify(heard)}`);
        assert.deepEqual(await ann.roster(), ['Ann', 'Phone 1001']);
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
        await eventually(
          'the phone is off the roster',
          () => ann.roster(),
          (names) => names.length === 1,
        );
      } finally {
        await phone.stop();
      }
    });
  }

  for (const [codec, codecs] of [
    ['PCMU', 'PCMU/8000/1'],
    ['G722', 'G722/16000/1'],
  ] as const) {
    it(`with pass-through the browser plays the phone's ${codec} itself, until somebody comes who cannot`, async () => {
      await server.server.api('PATCH', '/api/rooms/team/settings', { phonePassThrough: 'automatic' });
      const phone = await server.phone('1001', { codecs, toneHz: PHONE_HZ, toneDbov: -24 });
      const plays = (mimeType: string) =>
        eventually(
          `the browser plays ${mimeType}`,
          () => ann.audioCodec('Phone 1001'),
          (played) => played === mimeType,
        );
      let person: TonePerson | undefined;
      try {
        phone.command('dial', server.uri('100'));
        await phone.waitFor('CALL_ESTABLISHED');
        await plays(`audio/${codec}`);
        await Promise.all([ann.hears('Phone 1001', PHONE_HZ), phone.hears(PERSON_HZ)]);
        // The SDK for Node has only Opus.
        person = await TonePerson.enter(server.server, 'team', 1500);
        await plays('audio/opus');
        await ann.hears('Phone 1001', PHONE_HZ);
        await person.leave();
        await plays(`audio/${codec}`);
        await ann.hears('Phone 1001', PHONE_HZ);
        await server.server.api('PATCH', '/api/rooms/team/settings', { phonePassThrough: null });
        await plays('audio/opus');
        phone.command('hangup');
        await phone.waitFor('CALL_CLOSED');
      } finally {
        await person?.leave();
        await phone.stop();
      }
    });
  }
});
