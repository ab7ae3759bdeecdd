import { spawn } from 'node:child_process';
import { LRUCache } from 'lru-cache';
import { PROMPT_RATE_HZ, promptOf, speakingWith } from './build.mjs';

/** Texts that are kept spoken. */
const MAX_KEPT = 50;
/** Texts spoken at once, and waiting for that. */
const MAX_AT_ONCE = 2;
const MAX_WAITING = 8;
const PATIENCE_MS = 5000;
/** Output of espeak-ng, in bytes: about a minute. */
const MAX_BYTES = 3_000_000;

export interface Sound {
  samples: Int16Array;
  sampleRate: number;
}

/** Speaks texts that are not known beforehand, with espeak-ng in a process of its own. */
export class Speech {
  readonly #program: string;
  readonly #kept = new LRUCache<string, Promise<Sound | undefined>>({ max: MAX_KEPT });
  readonly #waiting: Array<() => void> = [];
  #running = 0;

  constructor(program = 'espeak-ng') {
    this.#program = program;
  }

  /** Undefined if the text cannot be spoken: espeak-ng is missing or failed, or too many texts are waiting. Never rejects. */
  say(text: string, voice: string): Promise<Sound | undefined> {
    const key = `${voice} ${text}`;
    const kept = this.#kept.get(key);
    if (kept) {
      return kept;
    }
    const spoken = this.#speakInTurn(text, voice);
    this.#kept.set(key, spoken);
    void spoken.then((sound) => {
      if (!sound) {
        this.#kept.delete(key);
      }
    });
    return spoken;
  }

  async #speakInTurn(text: string, voice: string): Promise<Sound | undefined> {
    if (this.#running >= MAX_AT_ONCE) {
      if (this.#waiting.length >= MAX_WAITING) {
        return undefined;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
    try {
      const wav = await this.#speak(text, voice);
      return wav && { samples: promptOf(wav), sampleRate: PROMPT_RATE_HZ };
    } catch {
      return undefined;
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** A WAV file. */
  #speak(text: string, voice: string): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const espeak = spawn(this.#program, speakingWith(voice), {
        stdio: ['pipe', 'pipe', 'ignore'],
        timeout: PATIENCE_MS,
        killSignal: 'SIGKILL',
      });
      espeak.once('error', () => resolve(undefined));
      espeak.once('close', (code) => resolve(code === 0 ? Buffer.concat(chunks) : undefined));
      espeak.stdout.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MAX_BYTES) {
          espeak.kill('SIGKILL');
          return;
        }
        chunks.push(chunk);
      });
      // It may have ended already.
      espeak.stdin.on('error', () => {});
      espeak.stdin.end(text);
    });
  }
}
