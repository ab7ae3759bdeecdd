import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { build } from './build.mjs';
import { Prompts } from './prompts.ts';
import { Speech } from './speech.ts';
import { type PromptName, TEXTS } from './texts.mjs';

const LANGUAGES = ['en', 'ru'] as const;
const NAMES = Object.keys(TEXTS.en.texts) as PromptName[];
const hasVoices = spawnSync('espeak-ng', ['--version']).status === 0;

function seconds({ samples, sampleRate }: { samples: Int16Array; sampleRate: number }): number {
  return samples.length / sampleRate;
}

function loudest(samples: Int16Array): number {
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

describe('prompts', () => {
  it('exist in each language', () => {
    for (const language of LANGUAGES) {
      assert.deepEqual(Object.keys(TEXTS[language].texts), NAMES);
      assert.deepEqual(Object.keys(TEXTS[language].phrases), Object.keys(TEXTS.en.phrases));
    }
  });

  it('are spoken in English and Russian, all different, none too loud', {
    skip: hasVoices ? false : 'espeak-ng is not installed',
  }, () => {
    const { folder } = build();
    assert.ok(folder);
    const prompts = new Prompts(folder);
    assert.ok(prompts.spoken);
    const heard = new Set<string>();
    for (const language of LANGUAGES) {
      for (const name of NAMES) {
        const prompt = prompts.prompt(name, language);
        assert.equal(prompt.sampleRate, 16_000);
        assert.ok(seconds(prompt) > 0.5 && seconds(prompt) < 15, `${language} ${name}: ${seconds(prompt)} s`);
        assert.equal(loudest(prompt.samples), 12_000, `${language} ${name}`);
        heard.add(Buffer.from(prompt.samples.buffer).toString('base64'));
      }
    }
    assert.equal(heard.size, LANGUAGES.length * NAMES.length);
  });

  it('are tones if no spoken ones have been built, or if they have been deleted since', () => {
    for (const folder of [null, '/nonexistent']) {
      for (const name of NAMES) {
        const prompt = new Prompts(folder).prompt(name, 'ru');
        assert.ok(seconds(prompt) > 0.1 && seconds(prompt) < 3);
        assert.ok(loudest(prompt.samples) > 1000);
      }
    }
    assert.equal(new Prompts(null).spoken, false);
  });

  it('have a new id each time', () => {
    const prompts = new Prompts(null);
    assert.notEqual(prompts.prompt('muted', 'en').promptId, prompts.prompt('muted', 'en').promptId);
  });

  it('fill gaps when they are spoken, and count with beeps where nothing can speak', {
    skip: hasVoices ? false : 'espeak-ng is not installed',
  }, async () => {
    const prompts = new Prompts();
    const [two, many] = [
      await prompts.phrase('count', { count: 2 }, 'en'),
      await prompts.phrase('count', { count: 117 }, 'en'),
    ];
    assert.ok(seconds(two) > 0.8 && seconds(many) > seconds(two) && loudest(many.samples) === 12_000);
    const mute = new Prompts(null, new Speech('/nonexistent/espeak-ng'));
    const beeps = async (count: number) => seconds(await mute.phrase('count', { count }, 'en'));
    assert.deepEqual([await beeps(2), await beeps(3), await beeps(50)], [0.5, 0.75, 2.5]);
  });

  it('threat 22: a name is text to be read, whatever it contains, and many at once are not all spoken', {
    skip: hasVoices ? false : 'espeak-ng is not installed',
  }, async () => {
    const speech = new Speech();
    const prompts = new Prompts(null, speech);
    const plain = await prompts.phrase('count', { count: 'Ann' }, 'en');
    const odd = await prompts.phrase('count', { count: '[[Ann]]\0\n' }, 'en');
    assert.deepEqual(odd.samples, plain.samples);
    const asked = await Promise.all(Array.from({ length: 30 }, (_, i) => speech.say(`text ${i}`, 'en')));
    assert.equal(asked.filter((sound) => sound !== undefined).length, 10);
  });
});
