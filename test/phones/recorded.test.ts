// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { heardSamples, hearsPrompt, prompts } from '../support/heard-prompt.ts';
import { likeness, readWav } from '../support/likeness.ts';
import { PhoneServer } from '../support/phone-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { TranscriptionService } from '../support/transcription-service.ts';

const ROOM = 'team';

describe('phones in a room that is recorded or has captions', {
  skip: prompts ? false : 'espeak-ng was missing',
}, () => {
  let service: TranscriptionService;
  let server: PhoneServer;
  let moderator: ProtocolClient;
  let phones: Baresip[];

  before(async () => {
    service = await TranscriptionService.start();
    server = await PhoneServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_CAPTIONS_URL: service.url },
    });
    await server.addPhones('1001', '1002');
    await server.setDialPlan([{ pattern: '100', action: { type: 'room', roomId: ROOM } }]);
    phones = await Promise.all(
      ['1001', '1002'].map((username) => server.phone(username, { codecs: 'PCMU/8000/1' })),
    );
    const identity = await newIdentity(server.server, { role: 'member', displayName: 'Moderator' });
    moderator = await ProtocolClient.enter(server.server.url, identity);
    await moderator.get('room.join', { roomId: ROOM });
  });
  after(async () => {
    await Promise.all((phones ?? []).map((phone) => phone.stop()));
    await moderator?.get('room.leave', {});
    moderator?.close();
    await server?.finish();
    await service?.close();
  });

  async function call(phone: Baresip): Promise<void> {
    phone.command('dial', server.uri('100'));
    await phone.waitFor('CALL_ESTABLISHED');
  }

  it('are told when a recording begins, when they come later, and when it pauses or ends', async () => {
    const [first, second] = phones as [Baresip, Baresip];
    await call(first);
    await hearsPrompt(first, 'joined');
    const warning = readWav(`${prompts}/en-recorded.wav`);
    assert.ok(likeness(await first.recording(), warning) < 0.8, 'nothing is recorded yet');
    let since = await heardSamples(first);
    await moderator.get('recording.start', {});
    await hearsPrompt(first, 'recorded', since);
    await call(second);
    await hearsPrompt(second, 'recorded');
    since = await heardSamples(first);
    await moderator.get('recording.pause', {});
    await hearsPrompt(first, 'not-recorded', since);
    since = await heardSamples(first);
    await moderator.get('recording.resume', {});
    await hearsPrompt(first, 'recorded', since);
    const sinceOfSecond = await heardSamples(second);
    since = await heardSamples(first);
    await moderator.get('recording.stop', {});
    await hearsPrompt(first, 'not-recorded', since);
    await hearsPrompt(second, 'not-recorded', sinceOfSecond);
  });

  it('are told when captions begin, when they come later, and when captions end', async () => {
    const [first, second] = phones as [Baresip, Baresip];
    second.command('hangup');
    await second.waitFor('CALL_CLOSED');
    let since = await heardSamples(first);
    await moderator.get('captions.start', {});
    await hearsPrompt(first, 'captioned', since);
    await call(second);
    await hearsPrompt(second, 'captioned');
    const sinceOfSecond = await heardSamples(second);
    since = await heardSamples(first);
    await moderator.get('captions.stop', {});
    await hearsPrompt(first, 'not-captioned', since);
    await hearsPrompt(second, 'not-captioned', sinceOfSecond);
  });
});
