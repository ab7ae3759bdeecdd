import { after, before, describe, it } from 'node:test';
import { locatePrompts } from '../../sip-gateway/index.ts';
import type { Baresip } from '../support/baresip.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { likeness, readWav } from '../support/likeness.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const prompts = locatePrompts();

describe('phones in a room that is streamed live', {
  skip: prompts ? false : 'espeak-ng was missing',
}, () => {
  let server: PhoneServer;
  let ann: HeadlessPerson;
  let phones: Baresip[];

  before(async () => {
    server = await PhoneServer.start({
      env: { CANOPY_LIVE_HLS: 'true', CANOPY_LIVE_HEIGHT: '240' },
      flags: ['--workers', '1'],
    });
    await server.addPhones('1001', '1002');
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
    phones = await Promise.all(
      ['1001', '1002'].map((username) => server.phone(username, { codecs: 'PCMU/8000/1' })),
    );
    ann = await HeadlessPerson.enter(server.server, ROOM);
  });
  after(async () => {
    await Promise.all((phones ?? []).map((phone) => phone.stop()));
    await ann?.leave();
    await server?.finish();
  });

  async function call(phone: Baresip): Promise<void> {
    phone.command('dial', server.uri('100'));
    await phone.waitFor('CALL_ESTABLISHED');
  }

  /** Waits until a phone hears a prompt after what it had heard before. */
  async function hears(phone: Baresip, name: string, since = 0): Promise<void> {
    const prompt = readWav(`${prompts}/en-${name}.wav`);
    await eventually(
      `“${name}” is heard`,
      async () => {
        const { samples, rateHz } = await phone.recording();
        return rateHz === 0 ? 0 : likeness({ samples: samples.subarray(since), rateHz }, prompt);
      },
      (like) => like > 0.9,
    );
  }

  const heard = async (phone: Baresip) => (await phone.recording()).samples.length;

  it('are told when it begins, when they come later, and when it ends', async () => {
    const [first, second] = phones as [Baresip, Baresip];
    await call(first);
    await hears(first, 'joined');
    let since = await heard(first);
    await ann.room.live.start({ kind: 'hls' });
    await hears(first, 'streamed', since);
    await call(second);
    await hears(second, 'streamed');
    const sinceOfSecond = await heard(second);
    since = await heard(first);
    await ann.room.live.stop();
    await hears(first, 'not-streamed', since);
    await hears(second, 'not-streamed', sinceOfSecond);
  });
});
