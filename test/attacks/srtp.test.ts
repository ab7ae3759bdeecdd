// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { MediaCall } from '../support/media-call.ts';
import { RelayedServer } from '../support/relayed-server.ts';
import { bye } from '../support/rtcp.ts';
import { Stranger } from '../support/stranger.ts';

const PACKETS = 10_000;
const AT_ONCE = 32;

/** Whether a packet is SRTP or SRTCP (RFC 7983). */
function isMedia(packet: Buffer): boolean {
  return (packet[0] ?? 0) >> 6 === 2;
}

describe('threat 11: SRTP', () => {
  let relayed: RelayedServer;
  let call: MediaCall;
  let stranger: Stranger;
  /** Packets that clients sent to the server, by client. */
  const sent = new Map<string, Buffer[]>();
  /** The client that sends Ann's media. */
  let anns: string;

  before(async () => {
    relayed = await RelayedServer.start();
    const { server, relay } = relayed;
    call = await MediaCall.start(server, 'team');
    stranger = await Stranger.open(relayed.worker);
    relay.filter = (packet, towards, client) => {
      if (towards === 'server' && isMedia(packet)) {
        const all = sent.get(client) ?? [];
        sent.set(client, all);
        if (all.length < 200) {
          all.push(Buffer.from(packet));
        }
      }
      return true;
    };
    await call.goesOn();
    const { ssrc } = call.ann.outboundVideo;
    const [client] = [...sent].find(([, packets]) => packets.some((packet) => ssrcOf(packet) === ssrc)) ?? [];
    assert.ok(client);
    anns = client;
  });
  after(async () => {
    stranger.close();
    await call.leave();
    await relayed.close();
  });

  /** Sends many packets from Ann's own address, as a man in the middle can. */
  async function flood(make: (index: number) => Buffer): Promise<void> {
    const before = await arrivedBytes();
    let sentBytes = 0;
    for (let index = 0; index < PACKETS; index += AT_ONCE) {
      for (let n = index; n < Math.min(PACKETS, index + AT_ONCE); n += 1) {
        const packet = make(n);
        sentBytes += packet.length;
        relayed.relay.inject(packet, anns);
      }
      await setImmediate();
    }
    const arrived = (await arrivedBytes()) - before;
    assert.ok(arrived > sentBytes / 2, `${arrived} of ${sentBytes} bytes reached the transport`);
  }

  async function arrivedBytes(): Promise<number> {
    return (await relayed.server.metrics()).get('canopy_media_bytes_total{direction="received"}') ?? 0;
  }

  function captured(index: number): Buffer {
    const packets = sent.get(anns) ?? [];
    return packets[index % packets.length] as Buffer;
  }

  /** Asserts that Bob received nothing of Ann's video that she did not send. */
  function assertNothingAdded(): void {
    const received = call.bob.inbound.find(({ kind }) => kind === 'video')?.counters;
    assert.ok(received);
    assert.equal(received.duplicatePackets, 0);
    assert.ok(received.packets <= call.ann.outboundVideo.counters.packets);
    assert.equal(received.malformedPackets, 0);
  }

  it(`threat 11: ${PACKETS} replayed packets, from the sender's address and another, reach nobody twice`, async () => {
    await flood(captured);
    await stranger.flood(PACKETS, captured);
    await call.goesOn();
    assertNothingAdded();
    assert.deepEqual(stranger.received, []);
  });

  it(`threat 11: ${PACKETS} packets that fail authentication do not end a call`, async () => {
    await flood((index) => {
      const forged = Buffer.from(captured(index));
      // Newer than everything sent, so that only the authentication tag is wrong.
      if (index % 2) {
        forged.writeUInt16BE((forged.readUInt16BE(2) + 2000 + index) & 0xffff, 2);
      } else {
        forged[forged.length - 1] = (forged.at(-1) as number) ^ 0xff;
      }
      return forged;
    });
    await call.goesOn();
    assertNothingAdded();
  });

  it(`threat 11: ${PACKETS} unencrypted RTCP BYEs for a sender's stream, from its own address, do not end it`, async () => {
    const { ssrc } = call.ann.outboundVideo;
    await flood((index) => (index % 2 ? bye([ssrc]) : Buffer.concat([bye([ssrc]), Buffer.alloc(14, index)])));
    await call.goesOn();
    assertNothingAdded();
  });
});

function ssrcOf(packet: Buffer): number | undefined {
  const isRtcp = (packet[1] ?? 0) >= 192 && (packet[1] ?? 0) <= 223;
  return isRtcp || packet.length < 12 ? undefined : packet.readUInt32BE(8);
}
