import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { logEdge } from './edge-log.ts';
import type { SipStack } from './sip/index.ts';

describe('the log of refused requests', () => {
  it('shows a refused call with its reason at level info, once a minute for each address and status', () => {
    const lines: Array<{ level: number | string; status: number; address: string; reason?: string }> = [];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(JSON.parse(String(chunk)));
        done();
      },
    });
    const stack = new EventEmitter();
    logEdge(stack as unknown as SipStack, pino({ level: 'info' }, destination));
    for (let count = 0; count < 3; count++) {
      stack.emit('refused', { method: 'INVITE', status: 420, address: '192.0.2.1' });
      stack.emit('refused', { method: 'INVITE', status: 401, address: '192.0.2.1' });
      stack.emit('refused', { method: 'INVITE', status: 420, address: '192.0.2.2' });
      stack.emit('refused', { method: 'REGISTER', status: 401, address: '192.0.2.1' });
    }
    assert.deepEqual(
      lines.map(({ status, address }) => [status, address]),
      [
        [420, '192.0.2.1'],
        [401, '192.0.2.1'],
        [420, '192.0.2.2'],
      ],
    );
    assert.match(lines[0]?.reason ?? '', /extension/);
  });
});
