import { CanopyError } from '../../base/index.ts';
import { type HeardText, SAMPLE_RATE } from '../captions/index.ts';
import type { ModelFiles } from './model-files.ts';
import type { Recogniser, VoiceRecogniser } from './recogniser.ts';

/** Not a dependency: whoever runs this installs it. */
const PACKAGE = 'sherpa-onnx-node';
/** What ends a sentence, in seconds: a pause before any words, a pause after some, and its length. */
const ENDPOINTS = { rule1MinTrailingSilence: 2.4, rule2MinTrailingSilence: 0.8, rule3MinUtteranceLength: 20 };

/** The part of sherpa-onnx-node that we use. */
interface SherpaStream {
  acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void;
  inputFinished(): void;
}
interface SherpaEngine {
  createStream(): SherpaStream;
  isReady(stream: SherpaStream): boolean;
  decode(stream: SherpaStream): void;
  isEndpoint(stream: SherpaStream): boolean;
  reset(stream: SherpaStream): void;
  getResult(stream: SherpaStream): { text: string };
}
interface Sherpa {
  OnlineRecognizer: new (config: object) => SherpaEngine;
}

/** A streaming transducer model in sherpa-onnx. */
export class SherpaRecogniser implements Recogniser {
  readonly #engine: SherpaEngine;

  private constructor(engine: SherpaEngine) {
    this.#engine = engine;
  }

  /**
   * Loads the model; its files are not needed afterwards.
   *
   * @throws {CanopyError} MODEL_UNUSABLE - sherpa-onnx-node is not installed, or cannot load the model. With some broken models it ends the process.
   */
  static async load({ tokens, ...transducer }: ModelFiles, numThreads: number): Promise<SherpaRecogniser> {
    let sherpa: Sherpa;
    try {
      const loaded = (await import(PACKAGE)) as Sherpa & { default?: Sherpa };
      sherpa = loaded.default ?? loaded;
    } catch (error) {
      throw new CanopyError('MODEL_UNUSABLE', `${PACKAGE} is missing; install it with npm`, { cause: error });
    }
    try {
      const modelConfig = { transducer, tokens, numThreads, provider: 'cpu' };
      const featConfig = { sampleRate: SAMPLE_RATE, featureDim: 80 };
      return new SherpaRecogniser(
        new sherpa.OnlineRecognizer({ featConfig, modelConfig, enableEndpoint: true, ...ENDPOINTS }),
      );
    } catch (error) {
      throw new CanopyError('MODEL_UNUSABLE', 'sherpa-onnx cannot load it', { cause: error });
    }
  }

  stream(heard: (text: HeardText) => void): VoiceRecogniser {
    return new SherpaVoice(this.#engine, heard);
  }
}

class SherpaVoice implements VoiceRecogniser {
  readonly #engine: SherpaEngine;
  readonly #stream: SherpaStream;
  readonly #heard: (text: HeardText) => void;
  #said = '';

  constructor(engine: SherpaEngine, heard: (text: HeardText) => void) {
    this.#engine = engine;
    this.#stream = engine.createStream();
    this.#heard = heard;
  }

  take(samples: Float32Array): void {
    this.#stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
    this.#decode();
    if (this.#engine.isEndpoint(this.#stream)) {
      this.#say(true);
      this.#engine.reset(this.#stream);
    } else {
      this.#say(false);
    }
  }

  end(): void {
    this.#stream.inputFinished();
    this.#decode();
    this.#say(true);
  }

  #decode(): void {
    while (this.#engine.isReady(this.#stream)) {
      this.#engine.decode(this.#stream);
    }
  }

  #say(isFinal: boolean): void {
    const text = this.#engine.getResult(this.#stream).text.trim();
    if (text !== '' && (isFinal || text !== this.#said)) {
      this.#heard({ text, isFinal });
    }
    this.#said = isFinal ? '' : text;
  }
}
