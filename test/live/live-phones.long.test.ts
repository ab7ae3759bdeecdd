import { after, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { heardSamples, hearsPrompt, prompts } from '../support/heard-prompt.ts';
import { PhoneServer } from '../support/phone-server.ts';

const ROOM = 'team';

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

  it('are told when it begins, when they come later, and when it ends', async () => {
    const [first, second] = phones as [Baresip, Baresip];
    await call(first);
    await hearsPrompt(first, 'joined');
    let since = await heardSamples(first);
    await ann.room.live.start({ kind: 'hls' });
    await hearsPrompt(first, 'streamed', since);
    await call(second);
    await hearsPrompt(second, 'streamed');
    const sinceOfSecond = await heardSamples(second);
    since = await heardSamples(first);
    await ann.room.live.stop();
    await hearsPrompt(first, 'not-streamed', since);
    await hearsPrompt(second, 'not-streamed', sinceOfSecond);
  });
});
