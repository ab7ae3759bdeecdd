import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChatLimits } from './chat-limits.ts';

describe('ChatLimits', () => {
  it('threat 46: an account does not fill the space of the whole server by writing in many rooms', () => {
    let nowMs = 0;
    const limits = new ChatLimits(() => nowMs);
    let written = 0;
    for (; nowMs < 600_000; nowMs += 1000) {
      for (let room = 0; room < 30; room += 1) {
        try {
          limits.write('mal', `room-${room}`, 1000);
          written += 1000;
        } catch {
          // Refused.
        }
      }
    }
    assert.ok(written >= 600_000 && written <= 1_400_000, `${written}`);
    limits.write('ann', 'room-1', 4000);
  });
});
