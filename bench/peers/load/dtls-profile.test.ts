import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { srtpProfileName, srtpProfileOf } from './dtls-profile.ts';

/** A DTLS 1.2 ServerHello with an empty session id, in a record of its own. */
function serverHello(extensions: Buffer): Buffer {
  const body = Buffer.concat([
    Buffer.from('fefd', 'hex'),
    Buffer.alloc(32, 7),
    Buffer.from('00c02b00', 'hex'),
    Buffer.from([extensions.length >> 8, extensions.length & 0xff]),
    extensions,
  ]);
  const message = Buffer.concat([Buffer.from('02', 'hex'), Buffer.alloc(11), body]);
  return Buffer.concat([Buffer.from('16fefd0000000000000000', 'hex'), Buffer.alloc(2), message]);
}

test('the profile that a server chose is found behind other extensions', () => {
  const extensions = Buffer.from('ff01000100000e0005000200070000170000', 'hex');
  assert.equal(srtpProfileOf(serverHello(extensions)), 7);
  assert.equal(srtpProfileName(7), 'AEAD_AES_128_GCM');
});

test('other packets have no profile', () => {
  assert.equal(srtpProfileOf(serverHello(Buffer.from('ff01000100', 'hex'))), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      srtpProfileOf(Buffer.from(bytes));
      srtpProfileOf(Buffer.concat([Buffer.from([22, ...new Array(12).fill(0), 2]), bytes]));
    }),
  );
});
