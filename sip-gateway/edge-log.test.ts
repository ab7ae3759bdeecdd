import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { EdgeLog } from './edge-log.ts';

interface Line {
  level: number;
  msg: string;
  status?: number;
  address?: string;
  username?: string;
  reason?: string;
}

function edgeLog(): { edge: EdgeLog; lines: Line[] } {
  const lines: Line[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { edge: new EdgeLog(pino({ level: 'info' }, destination)), lines };
}

describe('EdgeLog', () => {
  it('logs a refused call with its reason at info, once per minute, address and status', () => {
    const { edge, lines } = edgeLog();
    for (let count = 0; count < 3; count++) {
      edge.refused({ method: 'INVITE', status: 420, address: '192.0.2.1' });
      edge.refused({ method: 'INVITE', status: 401, address: '192.0.2.1' });
      edge.refused({ method: 'INVITE', status: 420, address: '192.0.2.2' });
      edge.refused({ method: 'REGISTER', status: 401, address: '192.0.2.1' });
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

  it('threat 55: logs a wrong password, and warns of a lockout', () => {
    const { edge, lines } = edgeLog();
    const login = { username: 'x'.repeat(1000), address: '192.0.2.1' };
    edge.failedLogin(login);
    edge.failedLogin(login);
    edge.failedLogin({ ...login, lockedNow: 'user' });
    edge.failedLogin(login);
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [
        [30, 'wrong password'],
        [40, 'too many wrong passwords; user locked out at this address'],
      ],
    );
    assert.equal(lines[0]?.username?.length, 64, 'what strangers call themselves is cut');
  });

  it('threat 56: forged sources cannot flood the log', () => {
    const { edge, lines } = edgeLog();
    for (let index = 0; index < 5000; index++) {
      edge.refused({ method: 'INVITE', status: 401, address: `192.0.2.${index}` });
    }
    assert.equal(lines.length, 30);
  });
});
