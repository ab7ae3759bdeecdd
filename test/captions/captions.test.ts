// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createDecoder } from 'libopus-wasm';
import { type ClipName, loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import type { Caption } from '../../client/sdk/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { likeness } from '../support/likeness.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { TestServer } from '../support/server.ts';
import { type HeardVoice, TranscriptionService } from '../support/transcription-service.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'team';
const RATE_HZ = 16_000;
const SECRET = 'a-token-for-the-service';

describe('captions', () => {
  let service: TranscriptionService;
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;
  const read: Caption[] = [];

  before(async () => {
    service = await TranscriptionService.start();
    server = await TestServer.start({
      env: { CANOPY_CAPTIONS_URL: service.url, CANOPY_CAPTIONS_SECRET: SECRET },
      flags: ['--workers', '1'],
    });
    ann = await HeadlessPerson.enter(server, ROOM);
    bob = await HeadlessPerson.enter(server, ROOM);
    await speak(ann, 'speech-english');
    await bob.listen();
    bob.room.captions.on('caption', (caption) => read.push(caption));
  });
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
    await service?.close();
  });

  async function speak(person: HeadlessPerson, clip: ClipName): Promise<void> {
    await person.room.publish(new ClipTrack({ clips: [await loadClip(clip)] }));
  }

  /** The latest connection with someone's voice. */
  const voiceOf = (person: HeadlessPerson): Promise<HeardVoice> =>
    eventually('the service hears the voice', () =>
      service.voices.findLast(({ start, isOpen }) => isOpen && start?.participantId === person.participantId),
    ) as Promise<HeardVoice>;

  it('sends each voice to the service by itself, undamaged, and shows what it answers to everyone', async () => {
    assert.equal(service.voices.length, 0, 'nothing is sent before somebody starts captions');
    await ann.room.captions.start({ language: 'en-GB' });
    await eventually('Bob is notified', () => bob.room.captions.running?.language === 'en-GB');
    assert.equal(
      bob.room.captions.running?.startedBy,
      ann.room.participants.get(ann.participantId)?.displayName,
    );
    const voice = await voiceOf(ann);
    assert.equal(voice.request.headers.authorization, `Bearer ${SECRET}`);
    assert.deepEqual([voice.start?.roomId, voice.start?.language], [ROOM, 'en-GB']);
    const sentence = await samplesOf('speech-english', 0.3, 3);
    await eventually(
      'the sentence is heard',
      () => likeness({ samples: voice.samples, rateHz: RATE_HZ }, { samples: sentence, rateHz: RATE_HZ }),
      (like) => like > 0.95,
    );
    voice.caption('Good mor', false);
    voice.caption('Good morning\u202e,\n everybody.', true);
    await eventually('Bob reads it', () => read.some(({ isFinal }) => isFinal));
    assert.deepEqual(read, [
      { participantId: ann.participantId, text: 'Good mor', isFinal: false },
      { participantId: ann.participantId, text: 'Good morning, everybody.', isFinal: true },
    ]);
  });

  it('what a hostile service says is limited, and harms nobody', async () => {
    const voice = await voiceOf(ann);
    const before = read.length;
    for (const message of [
      'no JSON',
      'null',
      { type: 'caption', text: 'x'.repeat(1001), isFinal: true },
      { type: 'caption', text: 5, isFinal: true },
      { type: 'caption', text: 'no end' },
      { type: 'other', text: 'x', isFinal: true },
      { type: 'caption', text: '\u200b', isFinal: true },
    ]) {
      voice.say(message);
    }
    for (let count = 0; count < 200; count++) {
      voice.caption(`word ${count}`, false);
    }
    voice.caption('The end.', true);
    await eventually('the last one is read', () => read.at(-1)?.text === 'The end.');
    const texts = read.slice(before).map(({ text }) => text);
    assert.ok(texts.length < 20, `${texts.length} texts`);
    assert.ok(texts.every((text) => text === 'The end.' || text.startsWith('word ')));
  });

  it('who comes later sees that they are on; who may not control them is refused', async () => {
    const guest = await ProtocolClient.enter(
      server.url,
      await newIdentity(server, { role: 'guest', roomId: ROOM }),
    );
    const { parts } = await guest.get('room.join', { roomId: ROOM });
    assert.equal(parts.captions.running?.language, 'en-GB');
    assert.equal(await guest.refusal('captions.stop', {}), 'FORBIDDEN');
    assert.equal(await guest.refusal('captions.start', { language: 'de' }), 'FORBIDDEN');
    await guest.get('room.leave', {});
    guest.close();
  });

  it('a service that is away is tried again, and people see that it does not answer', async () => {
    const { port } = service;
    await service.close();
    await eventually('it is said', () => bob.room.captions.running?.isHeard === false);
    service = await TranscriptionService.start(port);
    const voice = await voiceOf(ann);
    voice.caption('Back again.', true);
    await eventually('Bob reads it', () => read.at(-1)?.text === 'Back again.');
    assert.equal(bob.room.captions.running?.isHeard, true);
  });

  it('a killed captioner listens again by itself', async () => {
    const pid = Number([...server.log.matchAll(/"childPid":(\d+)[^\n]*captioner started/g)].at(-1)?.[1]);
    const before = await voiceOf(ann);
    process.kill(pid, 'SIGKILL');
    await eventually('its connections are gone', () => !before.isOpen);
    const voice = await voiceOf(ann);
    voice.caption('After the crash.', true);
    await eventually('Bob reads it', () => read.at(-1)?.text === 'After the crash.');
  });

  it('no voice is sent any longer once somebody stops them, or everybody has left', async () => {
    const voice = await voiceOf(ann);
    await bob.room.captions.stop();
    await eventually('Ann is notified', () => ann.room.captions.running === null);
    await eventually('the stream has ended', () => voice.hasEnded);
    const { length } = voice.samples;
    await bob.room.captions.start();
    const again = await voiceOf(ann);
    assert.equal(again.start?.language, 'en');
    assert.equal(voice.samples.length, length);
    await Promise.all([ann.leave(), bob.leave()]);
    await eventually('the stream has ended', () => again.hasEnded);
  });
});

/** Some seconds of a clip, decoded. */
async function samplesOf(name: ClipName, fromSeconds: number, seconds: number): Promise<Int16Array> {
  const { frames } = await loadClip(name);
  const decoder = await createDecoder({ sampleRate: RATE_HZ, channels: 1 });
  const samples = frames.flatMap(({ data }) => [...decoder.decode(data)]);
  decoder.free();
  return Int16Array.from(samples).subarray(fromSeconds * RATE_HZ, (fromSeconds + seconds) * RATE_HZ);
}
