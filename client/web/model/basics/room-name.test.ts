import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { roomName } from './room-name.ts';

describe('what people call a room', () => {
  it('is its title, or the name that someone chose', () => {
    assert.equal(roomName({ roomId: 'kpx3-9wqa-m7c', title: 'Planning' }), 'Planning');
    assert.equal(roomName({ roomId: 'team', title: null }), 'team');
    // The server avoids letters that look like digits.
    assert.equal(roomName({ roomId: 'blue-tool-red', title: null }), 'blue-tool-red');
  });

  it('is a meeting and its time if the server made the name up', () => {
    const room = { roomId: 'kpx3-9wqa-m7c', title: null };
    assert.equal(roomName(room), 'Meeting');
    assert.match(
      roomName(room, new Date(2026, 10, 29, 14, 0).getTime()),
      /^Meeting of November 29, 2:00\sPM$/,
    );
  });
});
