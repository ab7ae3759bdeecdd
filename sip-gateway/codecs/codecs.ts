import { loadLibopus } from 'libopus-wasm';
import { locate } from './build.mjs';
import { G711Codec } from './g711.ts';
import { G722Codec } from './g722.ts';
import { loadNative, type NativeBinding } from './native-binding.ts';
import { NativeOpusCodec } from './native-opus.ts';
import { NativeResampler } from './native-resampler.ts';
import { PortableOpusCodec } from './portable-opus.ts';
import { PortableResampler } from './portable-resampler.ts';
import { ToneDetector } from './tone-detector.ts';
import type { Codec, CodecCapabilities, CodecName, OpusCodec, OpusSettings, Resampler } from './types.ts';

export interface LoadCodecsOptions {
  /** File of the built add-on. Default: the output of build.mjs. */
  path?: string;
  /** `portable` does without the add-on. Default `native`. */
  prefer?: 'native' | 'portable';
}

export interface OpusOptions extends OpusSettings {
  /** Rate of the sample buffers, in Hz: 8000, 12000, 16000, 24000 or 48000 (default). */
  sampleRate?: number;
}

/** Creates codecs, with the add-on if it is available. Load it once per process or worker thread. */
export class Codecs {
  readonly capabilities: CodecCapabilities;
  readonly #binding: NativeBinding | undefined;

  private constructor(capabilities: CodecCapabilities, binding?: NativeBinding) {
    this.capabilities = capabilities;
    this.#binding = binding;
  }

  /** Loads the add-on, or libopus in WebAssembly if the add-on is not available. */
  static async load(options: LoadCodecsOptions = {}): Promise<Codecs> {
    let reason = 'The portable codecs were requested.';
    if (options.prefer !== 'portable') {
      const path = options.path ?? locate();
      try {
        if (path) {
          return Codecs.#native(loadNative(path));
        }
        reason =
          'The native codecs are not built; run node sip-gateway/codecs/build.mjs, which says what it needs.';
      } catch (error) {
        reason = `The native codecs at ${path} do not load: ${error instanceof Error ? error.message : error}`;
      }
    }
    const { version } = await loadLibopus();
    return new Codecs({
      implementation: 'portable',
      codecs: ['PCMU', 'PCMA', 'opus'],
      opusVersion: version,
      reason,
    });
  }

  static #native(binding: NativeBinding): Codecs {
    const codecs: CodecName[] = ['PCMU', 'PCMA', 'G722', 'opus'];
    const { opusVersion } = binding;
    return new Codecs({ implementation: 'native', codecs, opusVersion }, binding);
  }

  /** `options`: for Opus. @throws {RangeError} the codec is not in capabilities.codecs, or a setting is out of range */
  async createCodec(name: CodecName, options: OpusOptions = {}): Promise<Codec> {
    if (name === 'PCMU' || name === 'PCMA') {
      return new G711Codec(name);
    }
    if (name === 'opus') {
      return this.createOpus(options);
    }
    if (name === 'G722' && this.#binding) {
      return new G722Codec(this.#binding);
    }
    throw new RangeError(`the codec ${name} is not available: ${this.capabilities.reason ?? 'unknown name'}`);
  }

  async createOpus({ sampleRate = 48_000, ...settings }: OpusOptions = {}): Promise<OpusCodec> {
    if (this.#binding) {
      return new NativeOpusCodec(this.#binding, sampleRate, settings);
    }
    return PortableOpusCodec.create(sampleRate, settings);
  }

  /** Rates from 8000 to 48000 Hz, in steps of 1000. @throws {RangeError} another rate */
  createResampler(fromHz: number, toHz: number): Resampler {
    if (this.#binding) {
      return new NativeResampler(this.#binding, fromHz, toHz);
    }
    return new PortableResampler(fromHz, toHz);
  }

  /** Detects keys as tones in the voice. Undefined without the add-on. */
  createToneDetector(): ToneDetector | undefined {
    return this.#binding && new ToneDetector(this.#binding);
  }
}
