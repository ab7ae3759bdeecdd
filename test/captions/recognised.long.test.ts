import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { loadClip } from '../../bench/index.ts';
import { ClipTrack } from '../../client/node/index.ts';
import { HeadlessPerson } from '../support/headless-person.ts';
import { TestServer } from '../support/server.ts';
import { type HeardVoice, TranscriptionService } from '../support/transcription-service.ts';
import { eventually } from '../support/wait.ts';

const run = promisify(execFile);
const PROGRAM = 'pocketsphinx_continuous';
const hasRecogniser = spawnSync(PROGRAM, ['-help']).error === undefined;
const RATE_HZ = 16_000;
/** Shortest pause between two sentences, in samples. */
const PAUSE = RATE_HZ / 4;
const LOUD = 100;

/** What the clip says first, and what it might have said. */
const SENTENCES = [
  'good morning everybody and thank you for being on time',
  'let us begin with the results of last week and then look at the open questions',
  'the new server carried three rooms at once and nobody complained about the sound',
  'if there is nothing to add i would like to hand over to my colleague',
];
const OTHERS = [
  'good evening nobody and thank you for being so late',
  'let us end with the questions of next week and then look at the weather',
  'the old bridge carried seven cars at once and everybody complained about the noise',
  'if there is something to eat i would like to sit down with my brother',
];

describe('captions by PocketSphinx', {
  skip: hasRecogniser ? false : 'install pocketsphinx and pocketsphinx-en-us',
}, () => {
  let folder: string;
  let service: TranscriptionService;
  let server: TestServer;
  let ann: HeadlessPerson;
  let bob: HeadlessPerson;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'canopy-captions-'));
    const choices = [...SENTENCES, ...OTHERS].join(' | ');
    await writeFile(
      join(folder, 'sentences.gram'),
      `#JSGF V1.0;\ngrammar sentences;\npublic <sentence> = ${choices};\n`,
    );
    service = await TranscriptionService.start();
    server = await TestServer.start({ env: { CANOPY_CAPTIONS_URL: service.url }, flags: ['--workers', '1'] });
    ann = await HeadlessPerson.enter(server, 'team');
    bob = await HeadlessPerson.enter(server, 'team');
    await ann.room.publish(new ClipTrack({ clips: [await loadClip('speech-english')] }));
  });
  after(async () => {
    await ann?.leave();
    await bob?.leave();
    await server?.close();
    await service?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Recognises one sentence. */
  async function recognise(samples: Int16Array): Promise<string> {
    const file = join(folder, 'sentence.raw');
    await writeFile(file, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    const grammar = join(folder, 'sentences.gram');
    const { stdout } = await run(PROGRAM, ['-infile', file, '-jsgf', grammar, '-logfn', '/dev/null']);
    return stdout.trim();
  }

  it('the sentences that are spoken in a room are read by the others', async (t) => {
    const read = new Set<string>();
    bob.room.captions.on('caption', ({ text }) => read.add(text));
    await ann.room.captions.start();
    const voice = (await eventually('the voice is heard', () =>
      service.voices.find(({ start }) => start?.participantId === ann.participantId),
    )) as HeardVoice;
    let from = 0;
    await eventually(
      'every sentence is read',
      async () => {
        const { samples } = voice;
        for (const [begin, end] of sentencesIn(samples.subarray(from))) {
          voice.caption(await recognise(samples.subarray(from + begin, from + end)), true);
          from += end;
          break;
        }
        return read.size;
      },
      () => SENTENCES.every((sentence) => read.has(sentence)),
      120_000,
    );
    t.diagnostic(`read: ${[...read].join('; ')}`);
    assert.ok(![...read].some((text) => OTHERS.includes(text)));
  });
});

/** Where sentences begin and end: between pauses. The last one may go on. */
function* sentencesIn(samples: Int16Array): Generator<[from: number, to: number]> {
  let begin: number | undefined;
  let lastLoud = 0;
  for (let at = 0; at < samples.length; at++) {
    if (Math.abs(samples[at] ?? 0) > LOUD) {
      begin ??= at;
      lastLoud = at;
    } else if (begin !== undefined && at - lastLoud > PAUSE) {
      yield [Math.max(0, begin - PAUSE), at];
      begin = undefined;
    }
  }
}
