import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { createLogger, loadConfig } from '../../base/index.ts';
import { createBudgets } from '../budgets/index.ts';
import { Dispatcher, type Handlers, SocketGateway } from './index.ts';

describe('the door for sockets', () => {
  it('threat 3: a fault while an origin is judged refuses that one connection, and the server goes on', async (t) => {
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const refused: string[] = [];
    let faulty = true;
    const config = loadConfig({ env: {} });
    const budgets = createBudgets(config);
    const gateway = new SocketGateway({
      http,
      config,
      log: createLogger({ level: 'silent', format: 'json' }),
      dispatcher: new Dispatcher({} as Handlers, { requested: () => {}, failed: () => {} }, budgets.answers),
      connections: budgets.connections,
      closed: () => false,
      origins: () => {
        if (faulty) throw new TypeError('Invalid URL');
        return new Set(['https://meet.example']);
      },
      onRefused: (code) => refused.push(code),
    });
    t.after(() => gateway.close());
    const open = async () => {
      const request = get({
        port: (http.address() as AddressInfo).port,
        path: '/socket.io/?EIO=4&transport=websocket',
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          origin: 'https://evil.example',
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          'sec-websocket-version': '13',
        },
      });
      const [response] = await once(request, 'response');
      return text(response);
    };
    assert.match(await open(), /INTERNAL/);
    faulty = false;
    assert.match(await open(), /ORIGIN_NOT_ALLOWED/);
    assert.deepEqual(refused, ['INTERNAL', 'ORIGIN_NOT_ALLOWED']);
  });
});
