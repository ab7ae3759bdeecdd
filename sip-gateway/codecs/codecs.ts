import { loadLibopus } from 'libopus-wasm';
import { AmrWbCodec } from './amr-wb.ts';
import { locate } from './build.mjs';
import { G711Codec } from './g711.ts';
import { G722Codec } from './g722.ts';
import { GsmCodec } from './gsm.ts';
import { hasAmrWb, hasGsm, hasSpeex, loadNative, type NativeBinding } from './native-binding.ts';
import { NativeOpusCodec } from './native-opus.ts';
import { NativeResampler } from './native-resampler.ts';
import { PortableOpusCodec } from './portable-opus.ts';
import { PortableResampler } from './portable-resampler.ts';
import { SpeexCodec } from './speex.ts';
import { ToneDetector } from './tone-detector.ts';
import type {
  AmrWbName,
  AmrWbSettings,
  Codec,
  CodecCapabilities,
  CodecName,
  OpusCodec,
  OpusSettings,
  Resampler,
  SpeexName,
} from './types.ts';

export interface LoadCodecsOptions {
  /** File of the built add-on. Default: the output of build.mjs. */
  path?: string;
  /** `portable` does without the add-on. Default `native`. */
  prefer?: 'native' | 'portable';
}

interface OpusOptions extends OpusSettings {
  /** Rate of the sample buffers, in Hz: 8000, 12000, 16000, 24000 or 48000 (default). */
  sampleRate?: number;
}

export interface CodecOptions extends OpusOptions {
  /** Quality of the Speex encoder, 0 to 10. Default 8. */
  speexQuality?: number;
  amr?: AmrWbSettings | undefined;
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
    const gsm = hasGsm(binding);
    const speex = hasSpeex(binding);
    const codecs: CodecName[] = ['PCMU', 'PCMA', 'G722', 'opus'];
    if (gsm) {
      codecs.push('GSM');
    }
    if (speex) {
      codecs.push('speex/8000', 'speex/16000', 'speex/32000');
    }
    const amrwb = hasAmrWb(binding);
    if (amrwb) {
      codecs.push('AMR-WB', 'AMR-WB/octet-align');
    }
    const missing = [
      ...(gsm ? [] : ['libgsm1-dev']),
      ...(speex ? [] : ['libspeex-dev']),
      ...(amrwb ? [] : ['libopencore-amrwb-dev', 'libvo-amrwbenc-dev']),
    ];
    const reason =
      missing.length > 0
        ? `The native codecs were built without ${missing.join(' and ')}; install ${missing.length > 1 ? 'them' : 'it'} and run node sip-gateway/codecs/build.mjs.`
        : undefined;
    const { opusVersion } = binding;
    return new Codecs(
      { implementation: 'native', codecs, opusVersion, ...(reason !== undefined && { reason }) },
      binding,
    );
  }

  /** `options`: for Opus, Speex and AMR-WB. @throws {RangeError} the codec is not in capabilities.codecs, or a setting is out of range */
  async createCodec(name: CodecName, options: CodecOptions = {}): Promise<Codec> {
    if (name === 'PCMU' || name === 'PCMA') {
      return new G711Codec(name);
    }
    const { speexQuality, amr, ...opus } = options;
    if (name === 'opus') {
      return this.createOpus(opus);
    }
    const binding = this.#binding;
    if (name === 'G722' && binding) {
      return new G722Codec(binding);
    }
    if (name === 'GSM' && binding && hasGsm(binding)) {
      return new GsmCodec(binding);
    }
    if (name.startsWith('speex/') && binding && hasSpeex(binding)) {
      return new SpeexCodec(binding, name as SpeexName, speexQuality);
    }
    if (name.startsWith('AMR-WB') && binding && hasAmrWb(binding)) {
      return new AmrWbCodec(binding, name as AmrWbName, amr);
    }
    throw new RangeError(`the codec ${name} is not available: ${this.capabilities.reason ?? 'unknown name'}`);
  }

  async createOpus({ sampleRate = 48_000, ...settings }: OpusOptions = {}): Promise<OpusCodec> {
    if (this.#binding) {
      return new NativeOpusCodec(this.#binding, sampleRate, settings);
    }
    return PortableOpusCodec.create(sampleRate, settings);
  }

  /** Rates from 8000 to 48000 Hz, in steps of 25. @throws {RangeError} another rate */
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
