import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDestination } from './destination.ts';

const HERE = ['http://localhost:8443', 'https://meet.example'];
const read = (typed: string) => readDestination(typed, HERE);

describe('readDestination()', () => {
  it('reads the name of a room', () => {
    assert.deepEqual(read('  Weekly meeting! '), { kind: 'room', roomId: 'Weekly-meeting' });
    assert.deepEqual(read('планёрка'), { kind: 'room', roomId: 'планёрка' });
    assert.deepEqual(read(' ! '), { kind: 'nothing' });
  });

  it('reads links to rooms of this server, with and without the scheme, and its other links', () => {
    const room = { kind: 'room', roomId: 'team' };
    assert.deepEqual(read(' https://meet.example/#/room/team '), room);
    assert.deepEqual(read('meet.example/#/room/team'), room);
    assert.deepEqual(read('https://meet.example/#/invite/abc'), {
      kind: 'fragment',
      fragment: '#/invite/abc',
    });
    assert.deepEqual(read('https://meet.example/'), { kind: 'nothing' });
  });

  it('recognises links to other servers', () => {
    assert.deepEqual(read('https://other.example:8443/#/room/team'), {
      kind: 'elsewhere',
      url: 'https://other.example:8443/#/room/team',
      host: 'other.example:8443',
    });
  });

  it('never leads to a script or another scheme', () => {
    for (const typed of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd']) {
      assert.notEqual(read(typed).kind, 'elsewhere', typed);
      assert.notEqual(read(typed).kind, 'fragment', typed);
    }
  });
});
