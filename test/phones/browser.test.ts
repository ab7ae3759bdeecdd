import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestBrowser } from '../support/browser.ts';
import { Person } from '../support/person.ts';
import { PhoneServer } from '../support/phone-server.ts';
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
});
