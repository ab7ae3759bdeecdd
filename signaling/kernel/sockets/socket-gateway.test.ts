import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { createLogger, loadConfig } from '../../../base/index.ts';
import { createBudgets } from '../budgets/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { SocketGateway } from './socket-gateway.ts';

const ORIGIN = 'https://meet.example';

/** A gateway on a free port that accepts pages from ORIGIN. */
async function startGateway(
  t: TestContext,
  {
    flags = {},
    origins = () => new Set([ORIGIN]),
  }: { flags?: Record<string, unknown>; origins?: () => ReadonlySet<string> } = {},
) {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const refused: string[] = [];
  const config = loadConfig({ env: {}, flags });
  const budgets = createBudgets(config);
  const gateway = new SocketGateway({
    http,
    config,
    log: createLogger({ level: 'silent', format: 'json' }),
    dispatcher: new Dispatcher({ requested: () => {}, failed: () => {} }, budgets.answers),
    connections: budgets.connections,
    closed: () => false,
    origins,
    onRefused: (code) => refused.push(code),
  });
  t.after(() => gateway.close());
  /** The refusal of an upgrade, or `open`. */
  const open = async (headers: Record<string, string> = {}) => {
    const request = get({
      port: (http.address() as AddressInfo).port,
      path: '/socket.io/?EIO=4&transport=websocket',
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        origin: ORIGIN,
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        'sec-websocket-version': '13',
        ...headers,
      },
    });
    const upgraded = once(request, 'upgrade').then(([, socket]) => {
      t.after(() => (socket as Socket).destroy());
      return 'open';
    });
    const answered = once(request, 'response').then(([response]) => text(response as IncomingMessage));
    return Promise.race([upgraded, answered]);
  };
  return { refused, open };
}

describe('SocketGateway', () => {
  it('threat 3: an error while an origin is checked refuses only that connection, and the server keeps running', async (t) => {
    let faulty = true;
    const { refused, open } = await startGateway(t, {
      origins: () => {
        if (faulty) {
          throw new TypeError('Invalid URL');
        }
        return new Set([ORIGIN]);
      },
    });
    const evil = { origin: 'https://evil.example' };
    assert.match(await open(evil), /INTERNAL/);
    faulty = false;
    assert.match(await open(evil), /ORIGIN_NOT_ALLOWED/);
    assert.deepEqual(refused, ['INTERNAL', 'ORIGIN_NOT_ALLOWED']);
  });

  it('threat 25: the limit per address applies even if a client forges addresses in the header', async (t) => {
    for (const [trustProxy, client] of [
      [false, (turn: number) => `198.51.100.${turn}`],
      [true, (turn: number) => `198.51.100.${turn}, ::ffff:192.0.2.1`],
      [2, (turn: number) => `198.51.100.${turn}, 192.0.2.1:${50_000 + turn}, 10.0.0.2`],
    ] as const) {
      const { open } = await startGateway(t, {
        flags: { 'server.trustProxy': trustProxy, 'limits.connectionsPerAddress': 2 },
      });
      assert.equal(await open({ 'x-forwarded-for': client(1) }), 'open');
      assert.equal(await open({ 'x-forwarded-for': client(2) }), 'open');
      assert.match(await open({ 'x-forwarded-for': client(3) }), /TOO_MANY_CONNECTIONS/);
      const other = await open({ 'x-forwarded-for': trustProxy === 2 ? '192.0.2.2, 10.0.0.2' : '192.0.2.2' });
      assert.match(other, trustProxy === false ? /TOO_MANY_CONNECTIONS/ : /^open$/);
    }
  });
});
