import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { profileOf } from './profiles.ts';
import { applyWantedLayers } from './wanted-layers.ts';

type Encodings = Array<RTCRtpEncodingParameters & { scalabilityMode?: string }>;

/** A sender that rejects stale parameters as browsers do; test/adaptation.test.ts uses a real one. */
class Parameters {
  encodings: Encodings;
  calls = 0;
  #transactionId = 0;
  /** How many more calls fail because the sender has changed in the meantime. */
  interruptions = 0;

  constructor(encodings: Encodings) {
    this.encodings = encodings;
  }

  getParameters() {
    return {
      transactionId: String(this.#transactionId),
      encodings: this.encodings.map((each) => ({ ...each })),
    };
  }

  async setParameters(parameters: { transactionId: string; encodings: Encodings }) {
    this.calls += 1;
    if (this.interruptions-- > 0) {
      this.#transactionId += 1;
    }
    if (parameters.transactionId !== String(this.#transactionId)) {
      throw new DOMException('stale', 'InvalidStateError');
    }
    this.#transactionId += 1;
    this.encodings = parameters.encodings;
  }

  get active() {
    return this.encodings.map(({ active }) => active);
  }
}

function senderOf(codec: 'vp8' | 'vp9', source: 'camera' | 'screen' = 'camera') {
  const encodings = profileOf({ kind: 'video', source, codec }).encodings ?? [];
  const parameters = new Parameters(
    encodings.map((each) => ({ active: true, ...each }) as RTCRtpEncodingParameters),
  );
  const want = (...wanted: boolean[]) =>
    applyWantedLayers(parameters as unknown as RTCRtpSender, encodings, wanted);
  return { parameters, want };
}

describe('applyWantedLayers()', () => {
  it('suspends and restores single encodings of simulcast', async () => {
    const { parameters, want } = senderOf('vp8');
    const before = structuredClone(parameters.encodings);
    await want(true, false, true);
    assert.deepEqual(parameters.active, [true, false, true]);
    await want(false, false, false);
    assert.deepEqual(parameters.active, [false, false, false]);
    await want(true);
    assert.deepEqual(parameters.encodings, before);
  });

  it('sends fewer, smaller layers of SVC', async () => {
    const { parameters, want } = senderOf('vp9');
    const state = () => {
      const [{ active, scalabilityMode, scaleResolutionDownBy, maxBitrate } = {} as Encodings[number]] =
        parameters.encodings;
      return [active, scalabilityMode, scaleResolutionDownBy, maxBitrate];
    };
    await want(true, true, false);
    assert.deepEqual(state(), [true, 'L2T3_KEY', 2, 500_000]);
    await want(true, false, false);
    assert.deepEqual(state(), [true, 'L1T3', 4, 150_000]);
    await want(false, false, false);
    assert.equal(state()[0], false);
    // A layer needs those below it, whether or not anyone wants them.
    await want(false, false, true);
    assert.deepEqual(state(), [true, 'L3T3_KEY', 1, 1_500_000]);
  });

  it('suspends video with a single layer entirely', async () => {
    const { parameters, want } = senderOf('vp9', 'screen');
    await want(false);
    assert.deepEqual(parameters.active, [false]);
    await want(true);
    assert.deepEqual([parameters.active, parameters.encodings[0]?.scalabilityMode], [[true], 'L1T3']);
  });

  it('sets only changed parameters, and retries if they were stale', async () => {
    const { parameters, want } = senderOf('vp8');
    await want(true, true, true);
    assert.equal(parameters.calls, 0);
    parameters.interruptions = 2;
    await want(true, false, false);
    assert.deepEqual([parameters.calls, parameters.active], [3, [true, false, false]]);
  });
});
