import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildNativeCodecs, type CodecName } from '../../codecs/index.ts';
import { MediaThread } from '../index.ts';
import { LegRecord } from './records.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

const LOOPBACK = '127.0.0.1';
const SILENT_MS = 10_000;
/** Far more than the test takes from restoring a leg to reading its timestamp. */
const SENT_MS = 5_000;

describe('LegRecord.restore()', () => {
  let thread: MediaThread;

  before(async () => {
    thread = await MediaThread.start();
  });
  after(() => thread.close());

  for (const [codec, clockRate] of [
    ['PCMU', 8_000],
    ['G722', 8_000],
    ['speex/16000', 16_000],
    ['speex/32000', 32_000],
    ['AMR-WB', 16_000],
    ['opus', 48_000],
  ] as const satisfies ReadonlyArray<[CodecName, number]>) {
    it(`advances the timestamps of ${codec} by the time that nothing was sent`, async () => {
      const record = new LegRecord({ thread, startedMs: 0, busy: undefined }, LOOPBACK, codec, undefined);
      const { legId, numbers } = record;
      const opened = { legId, ip: LOOPBACK, ports: { min: 0, max: 0 }, numbers: numbers.shared };
      record.port = (await thread.request('leg.open', opened)).port;
      await thread.request('leg.close', { legId });
      numbers.begin({ ssrc: 7, sequenceNumber: 1, timestamp: 1000 });
      const remote = { address: LOOPBACK, port: 9 };
      record.note('leg.start', { legId, media: { codec, payloadType: 96, remote, rtcpMux: true } });
      await record.restore(SILENT_MS);
      const advanced = numbers.timestamp - 1000;
      await thread.request('leg.close', { legId });
      const least = (SILENT_MS / 1000) * clockRate;
      assert.ok(advanced >= least && advanced < least + (SENT_MS / 1000) * clockRate, `${advanced} ticks`);
    });
  }
});
