import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { build } from './build.mjs';
import { Prompts } from './prompts.ts';
import { type PromptName, TEXTS } from './texts.mjs';

const LANGUAGES = ['en', 'ru'] as const;
const NAMES = Object.keys(TEXTS.en) as PromptName[];
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
      assert.deepEqual(Object.keys(TEXTS[language]), NAMES);
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
        assert.ok(seconds(prompt) > 0.8 && seconds(prompt) < 10, `${language} ${name}: ${seconds(prompt)} s`);
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
});
