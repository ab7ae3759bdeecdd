import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ReceiverReportPacket, RtpPacket } from 'rtp.js/packets';
import { parseRtp } from '../../../base/rtp/index.ts';
import { demultiplex } from './demultiplex.ts';
import { estimateMos } from './estimate-mos.ts';
import { ReceiveStatistics } from './receive-statistics.ts';
import { RtcpSession } from './rtcp-session.ts';
import { SendStream } from './send-stream.ts';
import { SequenceUnwrapper } from './sequence-unwrapper.ts';
import { SourceLock } from './source-lock.ts';
import { StreamNumbers } from './stream-numbers.ts';

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

describe('RTP', () => {
  test('another implementation reads our packets correctly, including the audio level (RFC 6464)', () => {
    const options = {
      ssrc: 0xdeadbeef,
      payloadType: 111,
      firstSequenceNumber: 65_535,
      firstTimestamp: 0xffff_ffff,
    };
    const stream = new SendStream({ ...options, audioLevelExtensionId: 10 });
    const payload = Uint8Array.of(1, 2, 3);
    const first = new RtpPacket(viewOf(stream.packet(payload, { levelDbov: 23, voice: true })));
    stream.advance(960);
    const second = new RtpPacket(viewOf(stream.packet(payload, { levelDbov: 127, voice: false })));
    stream.pause(960);
    const third = new RtpPacket(viewOf(stream.packet(payload)));
    assert.equal(first.getSsrc(), 0xdeadbeef);
    assert.equal(first.getPayloadType(), 111);
    assert.deepEqual(
      [...new Uint8Array(first.getPayload().buffer, first.getPayload().byteOffset, 3)],
      [1, 2, 3],
    );
    assert.equal(first.getExtension(10)?.getUint8(0), 0x80 | 23);
    assert.equal(second.getExtension(10)?.getUint8(0), 127);
    assert.deepEqual(
      [first, second, third].map((packet) => packet.getSequenceNumber()),
      [65_535, 0, 1],
    );
    assert.deepEqual(
      [first, second, third].map((packet) => packet.getMarker()),
      [true, false, true],
    );
    assert.deepEqual(
      [first, second, third].map((packet) => packet.getTimestamp()),
      [0xffff_ffff, 959, 1_919],
    );
  });

  test('protocols that share a port are distinguished by their first bytes (RFC 7983)', () => {
    const kinds = [
      [[0x00, 0x01], 'stun'],
      [[0x16, 0xfe], 'dtls'],
      [[0x80, 0x00, 0, 1], 'rtp'],
      [[0x80, 200, 0, 0], 'rtcp'],
      [[0x81, 223, 0, 0], 'rtcp'],
      [[0x80, 224, 0, 0], 'rtp'],
      [[0x40, 0x00], 'unknown'],
      [[0xc0, 0x00], 'unknown'],
      [[], 'unknown'],
    ] as const;
    for (const [bytes, kind] of kinds) {
      assert.equal(demultiplex(Uint8Array.from(bytes)), kind, `${bytes}`);
    }
  });

  test('a stream continues with the numbers in memory shared between threads', () => {
    const options = { ssrc: 7, payloadType: 111 };
    const before = new StreamNumbers();
    const first = new SendStream({
      ...options,
      firstSequenceNumber: 65_535,
      firstTimestamp: 0xffff_ffff,
      numbers: before,
    });
    first.packet(Uint8Array.of(1));
    first.advance(960);
    const after = new StreamNumbers(structuredClone(before.shared));
    const second = new SendStream({
      ...options,
      firstSequenceNumber: 500,
      firstTimestamp: 500,
      numbers: after,
    });
    const packet = new RtpPacket(viewOf(second.packet(Uint8Array.of(1))));
    assert.deepEqual([packet.getSequenceNumber(), packet.getTimestamp()], [0, 959]);
    assert.equal(before.sequenceNumber, 1);
  });

  test('we read CSRCs, extensions and padding like another implementation', () => {
    const bytesOf = (view: DataView) => [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
    let read = 0;
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 12, maxLength: 80 }),
        fc.integer({ min: 0x80, max: 0xbf }),
        fc.integer({ min: 0, max: 4 }),
        (bytes, first, words) => {
          bytes[0] = first;
          // An extension of a length that often fits.
          const at = 12 + 4 * (first & 0x0f);
          if (first & 0x10 && at + 4 <= bytes.length) {
            bytes.set([0xab, 0xcd, 0, words], at);
          }
          if (first & 0x20) {
            bytes[bytes.length - 1] = words;
          }
          let theirs: RtpPacket;
          try {
            theirs = new RtpPacket(viewOf(bytes));
          } catch {
            return;
          }
          read++;
          const ours = parseRtp(bytes);
          assert.ok(ours);
          const { extensionOffset: _, payloadOffset: __, ...meaning } = ours;
          assert.deepEqual(
            { ...meaning, payload: [...ours.payload] },
            {
              payloadType: theirs.getPayloadType(),
              sequenceNumber: theirs.getSequenceNumber(),
              timestamp: theirs.getTimestamp(),
              ssrc: theirs.getSsrc(),
              marker: theirs.getMarker(),
              payload: bytesOf(theirs.getPayload()),
            },
          );
        },
      ),
      { numRuns: 2_000 },
    );
    assert.ok(read > 300, `${read} of 2000 were packets`);
  });

  test('no datagram throws', () => {
    const session = new RtcpSession(1, 'cname');
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom(0x80, 0x90, 0xb1, 0x81),
        (bytes, first) => {
          if (bytes.length > 0) {
            bytes[0] = first;
          }
          parseRtp(bytes);
          if (bytes.length > 1) {
            bytes[1] = 200 + ((bytes[1] ?? 0) % 8);
          }
          session.receive(bytes, 0, 0);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  test('sequence numbers: wraps, reordering and loss do not restart a stream, nor does a stray packet; two consecutive ones do', () => {
    const unwrapper = new SequenceUnwrapper();
    const base = unwrapper.push(65_534);
    assert.equal(base.kind, 'restart');
    const at = (sequence: number) => {
      const verdict = unwrapper.push(sequence);
      return verdict.kind === 'stray' ? 'stray' : [verdict.kind, verdict.extended - 65_536];
    };
    assert.deepEqual(at(1), ['running', 65_537]);
    assert.deepEqual(at(65_535), ['running', 65_535]);
    assert.equal(at(30_000), 'stray');
    assert.deepEqual(at(2), ['running', 65_538]);
    assert.equal(at(30_000), 'stray');
    assert.deepEqual(at(30_001), ['restart', 30_001]);
  });

  test('sequence numbers that step back restart after a few consecutive ones; reordered and duplicate packets never do (RFC 3550 A.1)', () => {
    for (const back of [5, 50, 99, 100, 101, 3_000]) {
      const unwrapper = new SequenceUnwrapper();
      for (let i = 0; i < 200; i++) {
        unwrapper.push((65_500 + i) & 0xffff);
      }
      const kinds = Array.from({ length: 8 }, (_, i) => unwrapper.push((65_700 - back + i) & 0xffff).kind);
      const restart = kinds.indexOf('restart');
      assert.ok(restart >= 1 && restart <= 3, `${back} back: ${kinds}`);
      assert.ok(kinds.slice(restart + 1).every((kind) => kind === 'running'));
    }
    const unwrapper = new SequenceUnwrapper();
    const disordered = Array.from({ length: 300 }, (_, i) => [i, i - 20, i, i - 3, i - 19]).flat();
    for (const i of disordered.filter((i) => i >= 0)) {
      const { kind } = unwrapper.push(i);
      assert.ok(kind === 'running' || i === 0, kind);
    }
  });

  test('jitter and loss follow RFC 3550, A.8 and A.3', () => {
    const statistics = new ReceiveStatistics(8_000);
    for (let i = 0; i < 1_000; i++) {
      if (i % 10 !== 5) {
        statistics.received(i, 160 * i, 20 * i + (i % 2) * 4);
      }
    }
    const report = statistics.report();
    assert.equal(report.lost, 100);
    assert.ok(Math.abs(report.fractionLost - 0.1) < 0.001);
    // Packets alternate by 4 ms but for the pairs around a lost one.
    assert.ok(report.jitterMs > 3 && report.jitterMs < 4);
    assert.equal(statistics.report().fractionLost, 0);
  });

  test('RTCP: a report states what was received, and allows the peer to compute the round trip', () => {
    const here = new RtcpSession(1, 'here');
    const there = new RtcpSession(2, 'there');
    const stream = new SendStream({ ssrc: 1, payloadType: 0, firstSequenceNumber: 0, firstTimestamp: 0 });
    stream.packet(new Uint8Array(160));
    const wall = 1_700_000_000_000;
    const report = here.report(0, wall, [], stream);
    assert.deepEqual(there.receive(report, 10, wall), { byes: [] });
    const statistics = new ReceiveStatistics(8_000);
    for (let i = 65_536; i < 65_636; i++) {
      if (i % 4 > 0) {
        statistics.received(i, 160 * i, 20 * i);
      }
    }
    const answer = there.report(510, wall, [{ ssrc: 1, summary: statistics.report() }]);
    assert.equal(new ReceiverReportPacket(viewOf(answer.subarray(0, 32))).getReports().length, 1);
    const news = here.receive(answer, 600, wall + 600);
    assert.ok(Math.abs((news?.roundTripMs ?? 0) - 100) < 1);
    assert.ok(Math.abs((news?.remote?.fractionLost ?? 0) - 0.25) < 0.01);
    assert.deepEqual(there.receive(here.bye(), 0, wall)?.byes, [1]);
  });

  test('the MOS falls with loss and delay, and stays within its scale', () => {
    const score = (lossFraction: number, delayMs: number) =>
      estimateMos({ codec: 'PCMU', lossFraction, delayMs });
    assert.ok(score(0, 40) > 4.3);
    assert.ok(score(0.05, 40) < score(0.01, 40));
    assert.ok(score(0, 400) < score(0, 100));
    assert.ok(score(1, 5_000) >= 1);
  });
});

describe('source lock (threat 21)', () => {
  const expected = { address: '192.0.2.1', port: 4_000 };
  const stranger = { address: '198.51.100.7', port: 4_000 };
  const signallingAddress = '203.0.113.9';

  test('a stranger is never learnt, however early', () => {
    const lock = new SourceLock({ expected }, 0);
    assert.equal(lock.accepts(stranger, true, 1), false);
    assert.equal(lock.accepts(expected, true, 2), true);
    assert.equal(lock.accepts(stranger, true, 3), false);
    assert.equal(lock.rejected, 2);
    assert.deepEqual(lock.target, expected);
  });

  test('behind a NAT, the first valid source at the signalling address is learnt, and no other', () => {
    const lock = new SourceLock(
      { expected: { address: '10.0.0.5', port: 4_000 }, signallingAddress: '203.0.113.9' },
      0,
    );
    const mapped = { address: '203.0.113.9', port: 61_000 };
    assert.equal(lock.accepts(mapped, false, 5), false, 'not from a packet of a wrong payload type');
    assert.equal(lock.accepts(mapped, true, 10), true);
    assert.equal(lock.accepts({ ...mapped, port: 61_001 }, true, 11), false);
    assert.deepEqual(lock.target, mapped);
  });

  test('the SDP’s address replaces a learnt source, and is never replaced', () => {
    const lock = new SourceLock({ expected }, 0);
    assert.equal(lock.accepts({ ...expected, port: 4_002 }, true, 1), true);
    assert.equal(lock.accepts(expected, true, 2), true);
    assert.equal(lock.accepts({ ...expected, port: 4_002 }, true, 3), false);
  });

  test('learning waits for the first valid packet, however late, and ends with it', () => {
    const lock = new SourceLock({ expected: { address: '10.0.0.5', port: 4_000 }, signallingAddress }, 0);
    assert.equal(lock.accepts({ address: signallingAddress, port: 5_000 }, false, 60_000), false);
    assert.equal(lock.accepts({ address: signallingAddress, port: 5_000 }, true, 60_001), true);
    assert.equal(lock.accepts({ address: signallingAddress, port: 5_002 }, true, 60_002), false);
  });

  test('learning restarts with each offer or answer, even if the SDP is the same, and ends with the next packet', () => {
    for (const port of [expected.port, 4_100]) {
      const before = { ...expected, port };
      const after = { ...expected, port: 5_000 };
      const lock = new SourceLock({ expected }, 0);
      assert.equal(lock.accepts(before, true, 1), true);
      lock.update({ expected });
      assert.deepEqual(lock.target, before, 'what was learnt is sent to until another is heard');
      assert.equal(lock.accepts(stranger, true, 2), false);
      assert.equal(lock.accepts(after, true, 3), true);
      assert.deepEqual(lock.target, after);
      assert.equal(lock.accepts({ ...expected, port: 5_002 }, true, 4), false);
      lock.update({ expected });
      assert.equal(lock.accepts(after, true, 5), true);
      assert.equal(
        lock.accepts({ ...expected, port: 5_004 }, true, 6),
        false,
        'the old source was heard first',
      );
    }
  });

  test('if the SDP names another address, packets go there at once', () => {
    const lock = new SourceLock({ expected }, 0);
    lock.accepts({ ...expected, port: 4_100 }, true, 1);
    const moved = { address: '192.0.2.9', port: 7_000 };
    lock.update({ expected: moved });
    assert.deepEqual(lock.target, moved);
    assert.equal(lock.accepts({ ...moved, port: 7_002 }, true, 2), true);
  });

  test('a stream that continues from another port of its address is accepted once the old port is silent', () => {
    const rebound = { ...expected, port: 5_000 };
    for (const learnt of [expected, { ...expected, port: 4_100 }]) {
      const lock = new SourceLock({ expected }, 0);
      lock.accepts(learnt, true, 1_000);
      assert.equal(lock.accepts(rebound, true, 2_000, true), false, 'the old port was heard a second ago');
      assert.equal(lock.accepts(rebound, true, 9_000, false), false, 'another stream');
      assert.equal(lock.accepts(rebound, false, 9_000, true), false, 'not of a payload type that was agreed');
      assert.equal(lock.accepts(stranger, true, 9_000, true), false, 'another address');
      assert.equal(lock.accepts(rebound, true, 9_000, true), true);
      assert.deepEqual(lock.target, rebound);
    }
  });

  test('NAT keep-alives are accepted from the SDP’s address, but no source is learnt from them', () => {
    const lock = new SourceLock({ expected: { address: '10.0.0.5', port: 4_000 }, signallingAddress }, 0);
    assert.equal(lock.accepts({ address: '10.0.0.5', port: 4_000 }, false, 1), true);
    assert.equal(lock.learnt, undefined);
    assert.equal(lock.accepts({ address: signallingAddress, port: 61_000 }, true, 2), true);
    assert.equal(lock.accepts({ address: '10.0.0.5', port: 4_000 }, false, 3), false);
  });

  test('RTCP is accepted from the media’s address, or from the signalling’s until a source is learnt', () => {
    const lock = new SourceLock({ expected, signallingAddress }, 0);
    assert.equal(lock.acceptsRtcp({ ...expected, port: 9 }), true);
    assert.equal(lock.acceptsRtcp({ address: signallingAddress, port: 9 }), true);
    assert.equal(lock.acceptsRtcp(stranger), false);
    lock.accepts(expected, true, 1);
    assert.equal(lock.acceptsRtcp({ address: signallingAddress, port: 9 }), false);
  });
});
