import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CanopyError, type ErrorCode } from '../../contract/light.ts';
import { ScriptedServer } from '../../test/support/scripted-server.ts';
import { backoffMs } from './backoff.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { enrol, type Identity } from './identity/index.ts';

const withCode = (code: ErrorCode) => (error: CanopyError) => error.code === code;

let server: ScriptedServer;
let identity: Identity;
let connection: Connection;

/** Resolves when the connection is in this state. */
function reached(state: ConnectionState): Promise<CanopyError | undefined> {
  return new Promise((resolve) => {
    connection.on('state', (now, error) => {
      if (now === state) {
        resolve(error);
      }
    });
  });
}

beforeEach(async () => {
  server = await ScriptedServer.start();
  identity = await enrol({ serverUrl: server.url, secret: 'any', displayName: 'Ada', fetch: server.fetch });
  connection = new Connection({ url: `${server.url}/page#x`, identity, requestTimeoutMs: 5000 });
});
afterEach(async () => {
  connection.close();
  await server.close();
});

describe('Connection', () => {
  it('answers the challenge for the origin that it dialled', async () => {
    await connection.open();
    assert.equal(connection.state, 'connected');
    const { data } = await server.request('auth.prove');
    assert.equal(data.origin, server.url);
    assert.equal(data.nonce, 'nonce-0');
    assert.deepEqual(data.chain, identity.chain);
  });

  it('reports why the server refused it', async () => {
    server.script['auth.prove'] = () => Promise.reject(new CanopyError('CERT_REVOKED'));
    await assert.rejects(connection.open(), withCode('CERT_REVOKED'));
    assert.equal(connection.state, 'closed');
    await assert.rejects(connection.request('invite.create', {}), withCode('CONNECTION_LOST'));
  });

  it('fails if nothing listens at the address or nothing answers in time', async () => {
    const { url } = server;
    await server.close();
    await assert.rejects(connection.open(), withCode('CONNECTION_LOST'));
    server = await ScriptedServer.start();
    server.script['auth.prove'] = () => new Promise(() => {});
    connection = new Connection({ url: server.url, identity, connectTimeoutMs: 100 });
    await assert.rejects(connection.open(), withCode('REQUEST_TIMEOUT'));
    assert.notEqual(url, server.url);
  });

  it('returns answers and rejects with refusals', async () => {
    await connection.open();
    server.script['invite.create'] = () => ({ secret: 's', url: 'u', expiresAtMs: 1 });
    assert.deepEqual(await connection.request('invite.create', {}), {
      secret: 's',
      url: 'u',
      expiresAtMs: 1,
    });
    server.script['invite.create'] = () => Promise.reject(new CanopyError('FORBIDDEN', 'why'));
    await assert.rejects(
      connection.request('invite.create', {}),
      (error: CanopyError) => error.code === 'FORBIDDEN' && error.detail === 'why',
    );
  });

  it('re-sends unanswered requests with the same id after a new challenge', async () => {
    await connection.open();
    server.script['invite.create'] = ({ connection: index }) =>
      index === 0 ? new Promise(() => {}) : { secret: 'second', url: 'u', expiresAtMs: 1 };
    const answer = connection.request('invite.create', {});
    const first = await server.request('invite.create');
    server.cut();
    assert.equal((await answer).secret, 'second');
    const second = await server.request('invite.create', 2);
    assert.equal(second.id, first.id);
    assert.deepEqual(
      server.got('auth.prove').map(({ data }) => data.nonce),
      ['nonce-0', 'nonce-1'],
    );
  });

  it('holds requests back until onReturn() has finished, then sends them in order', async () => {
    await connection.open();
    connection.onReturn = async () => {
      await connection.requestNow('room.join', { roomId: 'r', resume: { peerId: crypto.randomUUID() } });
      return true;
    };
    server.cut();
    await reached('reconnecting');
    const paused = connection.request('producer.pause', { producerId: crypto.randomUUID() });
    const closed = connection.request('producer.close', { producerId: crypto.randomUUID() });
    await Promise.all([paused, closed]);
    const names = server.requests.filter(({ connection: index }) => index === 1).map(({ name }) => name);
    assert.deepEqual(names, ['auth.prove', 'room.join', 'producer.pause', 'producer.close']);
  });

  it('fails pending room requests if the room was not resumed, but no others', async () => {
    await connection.open();
    const made: Array<Promise<unknown>> = [];
    connection.onReturn = async () => {
      made.push(connection.request('room.leave', {}));
      return false;
    };
    server.cut();
    await reached('reconnecting');
    const stale = connection.request('producer.pause', { producerId: crypto.randomUUID() });
    const invite = connection.request('invite.create', {});
    await assert.rejects(stale, withCode('CONNECTION_LOST'));
    await invite;
    // Requests of onReturn() itself are about the new room.
    await Promise.all(made);
    assert.equal(server.got('producer.pause').length, 0);
  });

  it('times out a request that is never answered', async () => {
    connection = new Connection({ url: server.url, identity, requestTimeoutMs: 50 });
    await connection.open();
    server.script['invite.create'] = () => new Promise(() => {});
    await assert.rejects(connection.request('invite.create', {}), withCode('REQUEST_TIMEOUT'));
  });

  it('reconnects after a temporary end of the session, but not after a permanent one', async () => {
    await connection.open();
    const back = reached('connected');
    server.emit('session.ended', { error: new CanopyError('SLOW_READER').toJSON() });
    await back;
    const end = reached('closed');
    server.emit('session.ended', { error: new CanopyError('SESSION_REPLACED').toJSON() });
    assert.equal((await end)?.code, 'SESSION_REPLACED');
    assert.equal(server.connections, 2);
  });

  it('threat 1: does not reconnect with a certificate that has been revoked', async () => {
    await connection.open();
    server.script['auth.prove'] = () => Promise.reject(new CanopyError('CERT_REVOKED'));
    const end = reached('closed');
    server.cut();
    assert.equal((await end)?.code, 'CERT_REVOKED');
  });

  it('keeps trying while the server is down', async () => {
    await connection.open();
    let refusals = 2;
    server.script['auth.prove'] = async () => {
      if (refusals-- > 0) {
        throw new CanopyError('SERVER_BUSY');
      }
      return {} as never;
    };
    const back = reached('connected');
    server.cut();
    await back;
    assert.equal(server.connections, 4);
  });

  it('reconnects to a draining server at once, but waits as told after a refusal', async () => {
    await connection.open();
    const atMs = performance.now();
    server.emit('server.closing', { retryAfterSeconds: 3 });
    server.cut();
    await reached('connected');
    assert.ok(performance.now() - atMs < 2500);
    let refusals = 1;
    server.script['auth.prove'] = async () => {
      if (refusals-- > 0) {
        throw new CanopyError('SERVER_CLOSING');
      }
      return {} as never;
    };
    server.cut();
    await reached('connected');
    assert.ok(performance.now() - atMs >= 2990);
  });

  it('replaces a socket on which the server is silent, and keeps one that answers', async () => {
    await connection.open();
    await connection.check();
    server.script['session.ping'] = () => Promise.reject(new CanopyError('RATE_LIMITED'));
    await connection.check();
    assert.equal(server.connections, 1);
    server.script['session.ping'] = () => new Promise(() => {});
    const back = reached('connected');
    await Promise.all([connection.check(), connection.check()]);
    await back;
    assert.equal(server.connections, 2);
    assert.equal(server.got('session.ping').length, 3);
  });

  it('moves to another server of the deployment, with a statement for its origin', async () => {
    await connection.open();
    const other = await ScriptedServer.start(server.authority);
    try {
      const back = reached('connected');
      connection.redirect(other.url);
      await back;
      assert.equal(other.got('auth.prove')[0]?.data.origin, other.url);
    } finally {
      connection.close();
      await other.close();
    }
  });

  it('dials the next address if one does not answer in time, and signs the address that it dialled', async () => {
    const silent = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const { port } = silent.address() as AddressInfo;
      const url = [`http://127.0.0.1:${port}`, server.url];
      connection = new Connection({ url, identity, connectTimeoutMs: 200 });
      await connection.open();
      assert.equal(connection.origin, server.url);
      assert.equal((await server.request('auth.prove')).data.origin, server.url);
    } finally {
      silent.close();
    }
  });

  it('switches addresses as servers come and go, but tries no other after a permanent refusal', async () => {
    const other = await ScriptedServer.start(server.authority);
    connection = new Connection({ url: [server.url, other.url], identity });
    try {
      await connection.open();
      server.script['auth.prove'] = () => Promise.reject(new CanopyError('SERVER_CLOSING'));
      let back = reached('connected');
      server.cut();
      await back;
      assert.equal(connection.origin, other.url);
      server.script['auth.prove'] = () => ({}) as never;
      other.script['auth.prove'] = () => Promise.reject(new CanopyError('SERVER_CLOSING'));
      back = reached('connected');
      other.cut();
      await back;
      assert.equal(connection.origin, server.url);
      server.script['auth.prove'] = () => Promise.reject(new CanopyError('CERT_REVOKED'));
      const closed = reached('closed');
      server.cut();
      assert.equal((await closed)?.code, 'CERT_REVOKED');
      assert.equal(other.connections, 2);
    } finally {
      connection.close();
      await other.close();
    }
  });

  it('survives reconnect() while it is reconnecting', async () => {
    await connection.open();
    for (let i = 0; i < 5; i += 1) {
      connection.reconnect();
      await Promise.resolve();
    }
    await connection.request('invite.create', {});
    connection.reconnect();
    const waiting = connection.request('invite.create', {});
    connection.reconnect();
    await waiting;
    assert.equal(connection.state, 'connected');
  });

  it('fails pending requests when it is closed, even while connecting', async () => {
    const opening = connection.open();
    connection.close();
    await assert.rejects(opening, withCode('CONNECTION_LOST'));
    connection = new Connection({ url: server.url, identity });
    await connection.open();
    server.script['invite.create'] = () => new Promise(() => {});
    const waiting = connection.request('invite.create', {});
    await server.request('invite.create');
    connection.close();
    await assert.rejects(waiting, withCode('CONNECTION_LOST'));
  });
});

describe('backoffMs()', () => {
  it('grows up to its limit and spreads clients over half of each window', () => {
    const options = { firstMs: 100, mostMs: 1000 };
    assert.deepEqual(
      [0, 1, 2, 10, 5000].map((attempt) => backoffMs(attempt, options, () => 1)),
      [100, 200, 400, 1000, 1000],
    );
    assert.equal(
      backoffMs(1, options, () => 0),
      100,
    );
  });
});
