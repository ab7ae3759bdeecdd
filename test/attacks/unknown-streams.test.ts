// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MediaCall } from '../support/media-call.ts';
import { memoryOf } from '../support/memory.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { RelayedServer } from '../support/relayed-server.ts';
import { Stranger } from '../support/stranger.ts';

const SSRCS = 100_000;
/** Fewer from a participant: its own SRTP library looks through all of them for each packet. */
const PARTICIPANT_SSRCS = 20_000;
const MIDS = 10_000;
const AT_ONCE = 50;
const PAUSE_MS = 2;
const PAYLOAD_TYPE = 111;
/** Id of the MID in what test/support/rtp-parameters announces. */
const MID_EXTENSION = 4;
const OWN_SSRC = 0x0100_0000;
/** What the worker may keep: less than it needs for a stream of each. */
const MAX_GROWTH_BYTES = 4 << 20;

describe('threat 33: streams that nobody announced', () => {
  let relayed: RelayedServer;
  let call: MediaCall;
  let workerPid: number;

  before(async () => {
    relayed = await RelayedServer.start();
    call = await MediaCall.start(relayed.server, 'team');
    workerPid = (await relayed.server.workerPids())[0] ?? 0;
  });
  after(async () => {
    await call.leave();
    await relayed.close();
  });

  async function grownBy(attack: () => Promise<void>): Promise<number> {
    const before = memoryOf(workerPid);
    await attack();
    // What has been sent last has been read as well.
    await call.goesOn();
    return memoryOf(workerPid) - before;
  }

  it(`threat 33: ${SSRCS} SSRCs from a stranger do not grow the worker`, async (t) => {
    const stranger = await Stranger.open(relayed.worker);
    const grown = await grownBy(() => stranger.flood(SSRCS, (index) => rtp(index)));
    t.diagnostic(`${(grown / 2 ** 20).toFixed(1)} MiB`);
    assert.deepEqual(stranger.received, []);
    assert.ok(grown < MAX_GROWTH_BYTES);
    stranger.close();
  });

  it(`threat 33: ${PARTICIPANT_SSRCS} SSRCs and ${MIDS} MIDs from a participant do not grow it either`, async (t) => {
    const { server } = relayed;
    const hostile = await RawPeer.enter(server.url, await newIdentity(server), 'elsewhere');
    await hostile.announceAudio('0', OWN_SSRC);
    for (const [count, make] of [
      [PARTICIPANT_SSRCS, (index: number) => rtp(index)],
      [MIDS, (index: number) => rtp(PARTICIPANT_SSRCS + index, `m${index}`)],
    ] as const) {
      const grown = await grownBy(async () => {
        for (let index = 0; index < count; index += 1) {
          hostile.send.send(make(index));
          if (index % AT_ONCE === 0) {
            await delay(PAUSE_MS);
          }
        }
      });
      t.diagnostic(`${count}: ${(grown / 2 ** 20).toFixed(1)} MiB`);
      assert.ok(grown < MAX_GROWTH_BYTES);
    }
    await hostile.leave();
  });
});

/** A packet of a stream of its own, optionally with a MID (RFC 8843) in a one-byte header extension. */
function rtp(stream: number, mid?: string): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(mid === undefined ? 0x80 : 0x90, 0);
  header.writeUInt8(PAYLOAD_TYPE, 1);
  header.writeUInt16BE(1, 2);
  header.writeUInt32BE(0x4000_0000 + stream, 8);
  if (mid === undefined) {
    return Buffer.concat([header, Buffer.alloc(20)]);
  }
  const element = Buffer.concat([Buffer.from([(MID_EXTENSION << 4) | (mid.length - 1)]), Buffer.from(mid)]);
  const padded = Buffer.concat([element, Buffer.alloc((4 - (element.length % 4)) % 4)]);
  return Buffer.concat([header, Buffer.from([0xbe, 0xde, 0, padded.length / 4]), padded, Buffer.alloc(20)]);
}
