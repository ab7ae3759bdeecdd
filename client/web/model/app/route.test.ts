import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRoute, roomFragment, toRoomId } from './route.ts';

describe('parseRoute()', () => {
  it('parses a link to a recording', () => {
    assert.deepEqual(parseRoute('#/recording/s3-cr_et'), { page: 'recording', secret: 's3-cr_et' });
    assert.deepEqual(parseRoute('#/recording/'), { page: 'home' });
  });

  it('parses an invitation, and recognises an incomplete one', () => {
    const caFingerprint = 'A'.repeat(43);
    assert.deepEqual(parseRoute(`#/invite/s3cret.${caFingerprint}`), {
      page: 'invitation',
      invitation: { secret: 's3cret', caFingerprint },
    });
    const cut = [
      `#/invite/s3cret.${caFingerprint.slice(1)}`,
      '#/invite/s3cret.',
      '#/invite/s3cret',
      '#/invite/',
      '#/invite',
    ];
    for (const fragment of cut) {
      assert.deepEqual(parseRoute(fragment), { page: 'damaged-invitation' }, fragment);
    }
  });

  it('parses a room link, and recognises an incomplete one', () => {
    const caFingerprint = 'A'.repeat(43);
    assert.deepEqual(parseRoute(`#/join/s3cret.${caFingerprint}`), {
      page: 'link',
      link: { secret: 's3cret', caFingerprint },
    });
    for (const fragment of [
      `#/join/s3cret.${caFingerprint.slice(1)}`,
      '#/join/s3cret',
      '#/join/',
      '#/join',
    ]) {
      assert.deepEqual(parseRoute(fragment), { page: 'damaged-link' }, fragment);
    }
  });

  it('parses a link for a new device; a damaged one asks for the code', () => {
    const caFingerprint = 'A'.repeat(43);
    const code = '00P1RK3GFFNNMW5S';
    assert.deepEqual(parseRoute(`#/link/${code}.${caFingerprint}`), {
      page: 'new-device',
      link: { code, caFingerprint },
    });
    for (const fragment of ['#/link', `#/link/${code}`, `#/link/${code}.${caFingerprint.slice(1)}`]) {
      assert.deepEqual(parseRoute(fragment), { page: 'new-device' }, fragment);
    }
  });

  it('parses a room name in any script', () => {
    assert.deepEqual(parseRoute(roomFragment('совещание-1')), { page: 'room', roomId: 'совещание-1' });
  });

  it('shows the start page for anything else', () => {
    for (const fragment of ['', '#', '#/room/', '#/room/a%20b', '#/room/%E0%A4%A', '#/invited', '#/other']) {
      assert.deepEqual(parseRoute(fragment), { page: 'home' }, fragment);
    }
  });
});

describe('toRoomId()', () => {
  it('turns what a user types into a room id', () => {
    assert.equal(toRoomId('  Weekly  meeting! '), 'Weekly-meeting');
    assert.equal(toRoomId('--_a'), 'a');
    assert.equal(toRoomId('हिन्दी कक्षा'), 'हिन्दी-कक्षा');
    assert.equal(toRoomId('Cafe\u0301'), 'Caf\u00e9');
    assert.equal(toRoomId('!?'), undefined);
    assert.equal(toRoomId('x'.repeat(100))?.length, 64);
  });
});
