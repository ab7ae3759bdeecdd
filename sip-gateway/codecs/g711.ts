import type { Codec } from './types.ts';
import { WaveformConcealer } from './waveform-concealer.ts';

const MAX_SAMPLES = 8_192;
const SAMPLE_RATE = 8_000;

/** µ-law to linear (ITU-T G.711 table 2b): bits inverted, 3-bit segment, 4-bit step, bias 33 × 4. */
function decodeMuLaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84;
  return bits & 0x80 ? -magnitude : magnitude;
}

/** A-law to linear (ITU-T G.711 table 1b): even bits inverted. */
function decodeALaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits & 0x70) >> 4;
  const step = (bits & 0x0f) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

/** The code with the nearest value for every 16-bit sample (as unsigned index); of two equally near ones, the quieter. */
function encodeTable(decoded: Int16Array): Uint8Array {
  const order = Array.from(decoded.keys()).sort((a, b) => (decoded[a] ?? 0) - (decoded[b] ?? 0));
  const table = new Uint8Array(65_536);
  let at = 0;
  for (let sample = -32_768; sample < 32_768; sample++) {
    for (; at + 1 < order.length; at++) {
      const low = decoded[order[at] ?? 0] ?? 0;
      const high = decoded[order[at + 1] ?? 0] ?? 0;
      const nearerLow = sample - low - (high - sample);
      if (nearerLow < 0 || (nearerLow === 0 && sample > 0)) {
        break;
      }
    }
    table[sample & 0xffff] = order[at] ?? 0;
  }
  return table;
}

const TABLES = { PCMU: makeTables(decodeMuLaw), PCMA: makeTables(decodeALaw) };

function makeTables(decode: (code: number) => number): { decoded: Int16Array; encoded: Uint8Array } {
  const decoded = Int16Array.from({ length: 256 }, (_, code) => decode(code));
  return { decoded, encoded: encodeTable(decoded) };
}

/** G.711 (RFC 3551 §4.5.14): one byte per sample at 8 kHz. */
export class G711Codec implements Codec {
  readonly name: 'PCMU' | 'PCMA';
  readonly sampleRate = SAMPLE_RATE;
  readonly clockRate = SAMPLE_RATE;
  readonly #decoded: Int16Array;
  readonly #encoded: Uint8Array;
  readonly #payload = new Uint8Array(MAX_SAMPLES);
  readonly #samples = new Int16Array(MAX_SAMPLES);
  readonly #concealer = new WaveformConcealer(SAMPLE_RATE);
  #closed = false;

  constructor(name: 'PCMU' | 'PCMA') {
    this.name = name;
    this.#decoded = TABLES[name].decoded;
    this.#encoded = TABLES[name].encoded;
  }

  encode(samples: Int16Array): Uint8Array {
    this.#check(samples.length, 'samples');
    const out = this.#payload.subarray(0, samples.length);
    for (let i = 0; i < samples.length; i++) {
      out[i] = this.#encoded[(samples[i] as number) & 0xffff] as number;
    }
    return out;
  }

  decode(payload: Uint8Array): Int16Array {
    this.#check(payload.length, 'bytes');
    const out = this.#samples.subarray(0, payload.length);
    for (let i = 0; i < payload.length; i++) {
      out[i] = this.#decoded[payload[i] as number] as number;
    }
    this.#concealer.heard(out);
    return out;
  }

  conceal(samples: number): Int16Array {
    this.#check(samples, 'samples');
    return this.#concealer.conceal(samples);
  }

  durationTicks(payload: Uint8Array): number {
    this.#check(payload.length, 'bytes');
    return payload.length;
  }

  reset(): void {
    this.#check(1, 'samples');
    this.#concealer.reset();
  }

  close(): void {
    this.#closed = true;
  }

  #check(count: number, unit: string): void {
    if (this.#closed) {
      throw new RangeError('the codec is closed');
    }
    if (!(count >= 1 && count <= MAX_SAMPLES)) {
      throw new RangeError(`a G.711 frame has 1 to ${MAX_SAMPLES} ${unit}, not ${count}`);
    }
  }
}
