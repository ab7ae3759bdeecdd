import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generateRouterRtpCapabilities } from 'mediasoup/ortc';
import { ownCodecs } from './own-codecs.ts';

/** Capabilities of a receiver with these payload types for VP8, VP9 and Opus. */
function receiver(vp8: number, vp9: number, opus: number) {
  return {
    codecs: [
      { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000, preferredPayloadType: vp8 },
      { kind: 'video', mimeType: 'video/VP9', clockRate: 90_000, preferredPayloadType: vp9 },
      { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2, preferredPayloadType: opus },
    ],
  } as const;
}

describe('the codecs of a router for one receiver', () => {
  it('keep the payload types of the receiver', () => {
    for (const [vp8, vp9, opus] of [
      [96, 98, 111],
      [120, 121, 109],
      [100, 102, 96],
      [97, 101, 100],
    ] as const) {
      const { codecs = [] } = generateRouterRtpCapabilities(ownCodecs(receiver(vp8, vp9, opus) as never));
      const payloadTypeOf = (mimeType: string) =>
        codecs.find((codec) => codec.mimeType === mimeType)?.preferredPayloadType;
      assert.deepEqual(['video/VP8', 'video/VP9', 'audio/opus'].map(payloadTypeOf), [vp8, vp9, opus]);
    }
  });

  it('leave out what mediasoup would refuse', () => {
    const codecs = ownCodecs(receiver(100, 101, 111) as never);
    assert.doesNotThrow(() => generateRouterRtpCapabilities(codecs));
    assert.equal(codecs.length, 2);
  });
});
