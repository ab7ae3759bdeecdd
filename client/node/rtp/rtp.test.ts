import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  buildNack,
  buildPli,
  buildReceiverReport,
  buildRtp,
  buildSenderReport,
  buildTransportFeedback,
  isRtcp,
  msFromNtp,
  ntpFromMs,
  parseRtcp,
  parseRtp,
  readExtension,
  SequenceUnwrapper,
} from './index.ts';

test('an RTP packet is parsed as it was built, including extensions', () => {
  const element = fc.record({
    id: fc.integer({ min: 1, max: 14 }),
    value: fc.uint8Array({ minLength: 1, maxLength: 16 }),
  });
  const init = fc.record({
    payloadType: fc.integer({ min: 0, max: 127 }).filter((type) => type < 64 || type > 95),
    marker: fc.boolean(),
    sequenceNumber: fc.integer({ min: 0, max: 0xffff }),
    timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
    ssrc: fc.integer({ min: 0, max: 0xffff_ffff }),
    extensions: fc.uniqueArray(element, { selector: ({ id }) => id, maxLength: 6 }),
    payload: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(init, (given) => {
      const packet = buildRtp(given);
      const header = parseRtp(packet);
      assert.ok(header);
      const { payloadType, marker, sequenceNumber, timestamp, ssrc } = header;
      const { extensions, payload, ...fixed } = given;
      assert.deepEqual({ payloadType, marker, sequenceNumber, timestamp, ssrc }, fixed);
      assert.ok(packet.subarray(header.payloadOffset).equals(Buffer.concat(payload)));
      for (const { id, value } of extensions) {
        assert.deepEqual(readExtension(packet, header, id), Buffer.from(value));
      }
      assert.equal(isRtcp(packet), false);
    }),
  );
});

test('two-byte header extensions are parsed, and padding is removed', () => {
  const packet = Buffer.from('b0600001000000020000000310000001050200ab0007010200000000aabbcc03', 'hex');
  packet.writeUInt16BE(2, 14);
  const header = parseRtp(packet);
  assert.ok(header);
  assert.equal(readExtension(packet, header, 5)?.toString('hex'), '00ab');
  assert.equal(readExtension(packet, header, 7)?.toString('hex'), '02');
  assert.equal(header.payload.length, packet.length - header.payloadOffset - 3);
});

test('the parsers do not throw on any input', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 14 }), (bytes, id) => {
      const packet = Buffer.from(bytes);
      parseRtcp(packet);
      const header = parseRtp(packet);
      if (header) {
        readExtension(packet, header, id);
      }
    }),
  );
});

test('a NACK requests exactly the given numbers, across the wraparound', () => {
  const numbers = [65_530, 65_535, 0, 3, 40, 41];
  assert.deepEqual(parseRtcp(buildNack(1, 2, numbers)), [
    { type: 'nack', mediaSsrc: 2, sequenceNumbers: numbers },
  ]);
});

test('reports and a PLI are parsed from a compound packet', () => {
  const block = {
    ssrc: 9,
    fractionLost: 12,
    cumulativeLost: -3,
    highestSequence: 70_000,
    jitter: 55,
    lastSenderReport: 0xdead_beef,
    delaySinceLastSenderReport: 65_536,
  };
  const ntp = ntpFromMs(1_790_000_000_123.5);
  const compound = Buffer.concat([
    buildSenderReport({ ssrc: 7, ntp, rtpTimestamp: 5, packetCount: 1, octetCount: 2, cname: 'somebody' }),
    buildReceiverReport(8, [block]),
    buildPli(8, 9),
  ]);
  assert.equal(compound.length % 4, 0);
  assert.ok(isRtcp(compound));
  assert.deepEqual(parseRtcp(compound), [
    { type: 'sender-report', ssrc: 7, ntp, rtpTimestamp: 5 },
    { type: 'report-block', block },
    { type: 'key-frame-request', mediaSsrc: 9, kind: 'pli' },
  ]);
});

test('transport-wide feedback has the documented layout', () => {
  // Reference 64 ms; deltas 0, 1 ms (4), then number 12 missing, then −0.5 ms (large).
  const packets = [
    { sequence: 10, atMs: 64 },
    { sequence: 11, atMs: 65 },
    { sequence: 13, atMs: 64.5 },
  ];
  const packet = buildTransportFeedback(1, 2, 3, packets);
  // Status symbols 1, 1, 0, 2 in a two-bit vector: 11 01 01 00 10 00 00 00.
  assert.equal(packet.subarray(12).toString('hex'), '000a000400000103d4800004fffe0000');
  assert.equal(packet.readUInt16BE(2), packet.length / 4 - 1);
});

test('sequence numbers unwrap forwards and backwards', () => {
  const unwrapper = new SequenceUnwrapper();
  assert.deepEqual(
    [65_534, 65_535, 1, 0, 65_533, 2].map((number) => unwrapper.unwrap(number)),
    [65_534, 65_535, 65_537, 65_536, 65_533, 65_538],
  );
});

test('NTP time converts both ways to within a microsecond', () => {
  assert.ok(Math.abs(msFromNtp(ntpFromMs(1_790_000_000_123.456)) - 1_790_000_000_123.456) < 0.001);
});
