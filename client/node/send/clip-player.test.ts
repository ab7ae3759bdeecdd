import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRtp } from '../../../base/rtp/index.ts';
import { syntheticVp8 } from '../../../test/support/synthetic-clips.ts';
import { extensionIds } from '../header-extensions.ts';
import { wallClockMs } from '../rtp/index.ts';
import { ClipPlayer } from './clip-player.ts';
import { OutboundStream } from './outbound-stream.ts';

test('at whatever fraction of a tick playing began, frames of 3,000 ticks are 3,000 apart in RTP', async () => {
  const clip = syntheticVp8(100, 180);
  const nowMs = wallClockMs();
  const played = Array.from({ length: 200 }, (_, index) => {
    // A tick at 90 kHz is 11.1 µs.
    const fractionMs = index / 200 / 90;
    const timestamps: number[] = [];
    const stream = new OutboundStream(
      {
        codec: 'vp8',
        clockRateHz: 90_000,
        payloadType: 96,
        ssrc: 1,
        mid: '0',
        cname: 'test',
        extensions: extensionIds({ codecs: [] }),
        send: (packet) => {
          timestamps.push(parseRtp(packet)?.timestamp ?? Number.NaN);
          return true;
        },
        nextTransportSequence: () => 0,
        trailerBytes: 0,
      },
      nowMs - fractionMs,
    );
    return new Promise<number[]>((resolve) => {
      const player = new ClipPlayer(clip, { beganAtMs: nowMs + fractionMs }, (frame, captureMs) => {
        stream.sendFrame(frame, captureMs, false);
        if (timestamps.length === 12) {
          player.stop();
          resolve(timestamps);
        }
      });
      player.start();
    });
  });
  for (const timestamps of await Promise.all(played)) {
    const distances = timestamps
      .slice(1)
      .map((value, index) => (value - (timestamps[index] as number)) >>> 0);
    assert.deepEqual(distances, new Array(11).fill(3000));
  }
});
