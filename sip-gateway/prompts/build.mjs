// Makes the spoken prompts: `node sip-gateway/prompts/build.mjs`. Plain JavaScript without dependencies, since the set-up runs it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LANGUAGES, TEXTS } from './texts.mjs';

/** Rate of the files, in Hz: as wide as a telephone line at its best. */
export const PROMPT_RATE_HZ = 16_000;
const WORDS_PER_MINUTE = 150;
/** Loudest sample, of 32,768. */
const PEAK = 12_000;

/** Where the prompts of these texts lie, or null when they are not made. `CANOPY_PROMPTS` names a folder of them directly. */
export function locate() {
  const given = process.env.CANOPY_PROMPTS;
  if (given) {
    return existsSync(given) ? given : null;
  }
  const folder = cacheFolder();
  return existsSync(folder) ? folder : null;
}

/**
 * Makes the prompts into the user's cache, unless they are there.
 * @returns {{ folder: string, built: boolean } | { folder: null, message: string }}
 */
export function build() {
  const folder = cacheFolder();
  if (existsSync(folder)) {
    return { folder, built: false };
  }
  if (spawnSync('espeak-ng', ['--version']).status !== 0) {
    return {
      folder: null,
      message:
        'Callers will hear tones in place of words: espeak-ng is missing. Install it with:\n  sudo apt-get install -y espeak-ng',
    };
  }
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}-`);
  try {
    for (const [language, { voice, texts }] of Object.entries(TEXTS)) {
      for (const [name, text] of Object.entries(texts)) {
        speak(voice, text, join(work, `${language}-${name}.wav`));
      }
    }
    renameSync(work, folder);
    return { folder, built: true };
  } catch (error) {
    // Another process may have made them meanwhile.
    if (existsSync(folder)) {
      return { folder, built: false };
    }
    return {
      folder: null,
      message: `The prompts could not be made: ${error instanceof Error ? error.message : error}`,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function cacheFolder() {
  const hash = createHash('sha256');
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of readdirSync(LANGUAGES).sort()) {
    hash.update(name).update(readFileSync(new URL(name, LANGUAGES)));
  }
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'canopy', 'prompts', hash.digest('hex').slice(0, 16));
}

/** Arguments with which espeak-ng speaks what it reads, in this voice, and writes a WAV file to its output. @param {string} voice */
export const speakingWith = (voice) => ['-v', voice, '-s', `${WORDS_PER_MINUTE}`, '--stdin', '--stdout'];

/** @param {string} voice @param {string} text @param {string} file */
function speak(voice, text, file) {
  const { status, stdout, stderr } = spawnSync('espeak-ng', speakingWith(voice), {
    input: text,
    maxBuffer: 2 ** 24,
  });
  if (status !== 0) {
    throw new Error(`espeak-ng: ${stderr}`);
  }
  writeFileSync(file, writeWav(promptOf(stdout), PROMPT_RATE_HZ));
}

/** The samples of a prompt: at its rate, and as loud as every other one. @param {Buffer} spoken a WAV file */
export function promptOf(spoken) {
  const { rateHz, samples } = readWav(spoken);
  const out = resample(samples, rateHz, PROMPT_RATE_HZ);
  const loudest = out.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  return Int16Array.from(out, (sample) => Math.round((sample * PEAK) / loudest));
}

/** Samples of a 16-bit mono WAV file. A piped one gives no true length. @param {Buffer} file */
export function readWav(file) {
  if (file.toString('latin1', 0, 4) !== 'RIFF') {
    throw new Error('this is no WAV file');
  }
  let at = 12;
  let rateHz = 0;
  while (at + 8 <= file.length) {
    const name = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    if (name === 'fmt ') {
      rateHz = file.readUInt32LE(at + 12);
      if (file.readUInt16LE(at + 10) !== 1 || file.readUInt16LE(at + 22) !== 16) {
        throw new Error('not 16-bit mono');
      }
    }
    if (name === 'data') {
      const bytes = file.subarray(at + 8, Math.min(at + 8 + length, file.length));
      const samples = new Int16Array(bytes.length >> 1);
      for (let i = 0; i < samples.length; i++) {
        samples[i] = bytes.readInt16LE(2 * i);
      }
      return { rateHz, samples };
    }
    at += 8 + length + (length % 2);
  }
  throw new Error('the WAV file has no samples');
}

/** @param {Int16Array} samples @param {number} rateHz */
function writeWav(samples, rateHz) {
  const file = Buffer.alloc(44 + samples.length * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples.length * 2, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rateHz, 24);
  file.writeUInt32LE(rateHz * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((sample, i) => {
    file.writeInt16LE(sample, 44 + 2 * i);
  });
  return file;
}

/** Zero crossings of the filter on each side. */
const LOBES = 16;

/** To a lower rate, by a windowed sinc. @param {Int16Array} samples @param {number} fromHz @param {number} toHz */
function resample(samples, fromHz, toHz) {
  const ratio = fromHz / toHz;
  const reach = LOBES * ratio;
  return Float64Array.from({ length: Math.floor(samples.length / ratio) }, (_, n) => {
    const centre = n * ratio;
    let sum = 0;
    for (let i = Math.max(0, Math.ceil(centre - reach)); i < Math.min(samples.length, centre + reach); i++) {
      const x = (i - centre) / ratio;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      sum += (samples[i] * sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / LOBES))) / ratio;
    }
    return sum;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = build();
  if (result.folder) {
    console.log(`${result.built ? 'Made' : 'Found'} ${result.folder}`);
  } else {
    console.error(result.message);
    process.exitCode = 1;
  }
}
