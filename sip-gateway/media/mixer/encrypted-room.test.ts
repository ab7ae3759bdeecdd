import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { openNetwork } from '../../../base/udp/index.ts';
import type { EpochKeys } from '../../../contract/sframe/index.ts';
import { eventually } from '../../../test/support/wait.ts';
import { RoomCipher } from '../encryption/index.ts';
import { MediaLog } from '../media-log.ts';
import { parseRtp, type RtpPacket, StreamNumbers } from '../rtp/index.ts';
import { RoomPort } from './room-port.ts';

const LOOPBACK = '127.0.0.1';
const SSRC = 7;
const LEVEL = { levelDbov: 20, voice: true };

function epochOf(epoch: number, ownLeaf: number) {
  const keys: EpochKeys = {
    groupId: 'group',
    epoch: BigInt(epoch),
    baseKeys: {
      AES_128_GCM_SHA256_128: new Uint8Array(16),
      AES_128_CTR_HMAC_SHA256_80: new Uint8Array(48).fill(epoch),
    },
    ownLeaf,
    members: new Map([
      [0, 'device gateway'],
      [1, 'device ann'],
    ]),
  };
  return { keys, counter: new SharedArrayBuffer(8) };
}

/** Ann's packet with a payload. */
function packet(payload: Uint8Array, sequence: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x8000 | 100, 0);
  header.writeUInt16BE(sequence, 2);
  header.writeUInt32BE(SSRC, 8);
  return Buffer.concat([header, payload]);
}

describe('a mixer’s port in an encrypted room', () => {
  const network = openNetwork();
  let room: Socket;
  let port: RoomPort;
  let cipher: RoomCipher;
  /** What Ann encrypts in an epoch. */
  let ann: RoomCipher;
  const heard: RtpPacket[] = [];
  const sent: Buffer[] = [];

  before(async () => {
    room = createSocket('udp4').bind(0, LOOPBACK);
    await once(room, 'listening');
    room.on('message', (datagram) => sent.push(datagram));
    cipher = new RoomCipher();
    ann = new RoomCipher();
    ann.setEpochs([epochOf(1, 1)]);
    cipher.setEpochs([epochOf(1, 0)]);
    port = await RoomPort.open({
      ...{ network, ip: LOOPBACK, port: 0, cipher },
      onPacket: (each) => heard.push({ ...each, payload: Uint8Array.from(each.payload) }),
      log: MediaLog.create(() => undefined, undefined),
    });
    const place = { address: LOOPBACK, port: room.address().port };
    port.connect({
      ...{ sendTo: place, receiveFrom: place },
      ...{ sendPayloadType: 111, receivePayloadType: 100, encrypted: true },
    });
    cipher.setSources([{ ssrc: SSRC, memberId: 'device ann', source: 'microphone' }]);
  });
  after(() => {
    room.close();
    port.close();
  });

  const receive = async (payload: Uint8Array, sequence: number, isDone: () => boolean) => {
    room.send(packet(payload, sequence), port.port, LOOPBACK);
    await eventually(
      'the packet',
      () => {
        network.receive();
        return isDone();
      },
      Boolean,
    );
  };
  const sealed = () => {
    const frame = ann.seal(new Uint8Array(40).fill(5));
    assert.ok(frame);
    return frame;
  };

  const early = async (frame: Uint8Array, sequence: number) => {
    await receive(frame, sequence, () => port.early === 1);
  };

  it('threat 44: drops and counts what is clear, and keeps what came shortly before its keys', async () => {
    await receive(Uint8Array.of(0x18, ...new Uint8Array(40)), 1, () => port.rejected === 1);
    assert.equal(cipher.counts.decrypted, 0);
    // The port takes the time from its caller: for the first frame, none has passed; for the second, a second.
    ann.setEpochs([epochOf(2, 1)]);
    await early(sealed(), 2);
    cipher.setEpochs([epochOf(2, 0)]);
    port.keysChanged(performance.now() - 1000);
    assert.deepEqual(
      heard.map(({ payload }) => payload),
      [new Uint8Array(40).fill(5)],
    );
    ann.setEpochs([epochOf(3, 1)]);
    await early(sealed(), 3);
    cipher.setEpochs([epochOf(3, 0)]);
    port.keysChanged(performance.now() + 1000);
    assert.equal(heard.length, 1);
    assert.equal(cipher.counts.refused.early, 1);
  });

  it('threat 44: forwards no packet of a phone as it is, and encrypts what it sends', async () => {
    const stream = port.openStream(9, new StreamNumbers());
    const clear = new Uint8Array(40).fill(3);
    port.forward(stream.packet(clear, LEVEL));
    port.send(stream, clear, LEVEL);
    network.flush(performance.now());
    await eventually('a packet', () => sent.length, Boolean);
    assert.equal(sent.length, 1);
    assert.ok(!sent[0]?.includes(Buffer.from(clear.subarray(0, 16))));
    assert.equal(parseRtp(sent[0] as Buffer)?.ssrc, 9);
  });
});
