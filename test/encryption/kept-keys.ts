// biome-ignore lint/plugin: opens frames with any key, whatever receivers would accept
import { CIPHER_SUITES, deriveKey, type SFrameKey } from '../../client/sdk/encryption/media/cipher-suite.ts';
// biome-ignore lint/plugin: the same
import { clearBytes } from '../../client/sdk/encryption/media/frame-format.ts';
import { type EpochKeys, frameMetadata, parseHeader, suiteOf } from '../../contract/sframe/index.ts';
import type { CapturedFrame } from './captured-media.ts';

/** What somebody can open who forgets no key, and tries each of them on every frame, whatever the frame says about its key. */
export class KeptKeys {
  readonly #epochs: readonly EpochKeys[];
  readonly #derived = new Map<string, Promise<SFrameKey>>();

  constructor(epochs: readonly EpochKeys[]) {
    this.#epochs = epochs;
  }

  async opens({ source, codec, data }: CapturedFrame): Promise<boolean> {
    const clear = data.subarray(0, clearBytes(codec, data));
    const sealed = data.subarray(clear.length);
    const header = parseHeader(sealed);
    if (!header) {
      return false;
    }
    const opened = await Promise.all(
      this.#epochs.map(async (_, index) =>
        (await this.#key(index, header.keyId, source)).open(
          sealed.subarray(0, header.length),
          header.counter,
          frameMetadata(source, clear),
          sealed.slice(header.length),
        ),
      ),
    );
    return opened.some((frame) => frame !== undefined);
  }

  #key(index: number, keyId: bigint, source: CapturedFrame['source']): Promise<SFrameKey> {
    const suite = suiteOf(source);
    const name = `${index} ${keyId} ${suite}`;
    const { baseKeys } = this.#epochs[index] as EpochKeys;
    const key = this.#derived.get(name) ?? deriveKey(CIPHER_SUITES[suite], baseKeys[suite], keyId);
    this.#derived.set(name, key);
    return key;
  }
}
