import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { ServiceConnection } from './service-connection.ts';

const PING_MS = 200;

describe('a transcription service that is pinged', () => {
  let service: WebSocketServer;

  afterEach(() => {
    for (const socket of service.clients) {
      socket.terminate();
    }
    service.close();
  });

  /** A voice that is sent to a service. @param autoPong whether the service answers pings */
  async function speak(autoPong: boolean) {
    service = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong });
    await once(service, 'listening');
    const failed = Promise.withResolvers<string>();
    const connection = new ServiceConnection({
      service: { url: `ws://127.0.0.1:${(service.address() as AddressInfo).port}`, secret: undefined },
      voice: { roomId: 'team', participantId: 'ann', displayName: 'Ann', language: 'en' },
      heard() {},
      failed: failed.resolve,
      pingMs: PING_MS,
    });
    const connected = once(service, 'connection');
    connection.send(Int16Array.of(0));
    const [socket] = (await connected) as [WebSocket];
    return { connection, socket, failed: failed.promise };
  }

  it('keeps its connection as long as it answers', async () => {
    const { connection, socket } = await speak(true);
    for (let pings = 0; pings < 4; pings += 1) {
      await once(socket, 'ping');
    }
    assert.equal(socket.readyState, WebSocket.OPEN);
    connection.close();
    await once(socket, 'close');
  });

  it('counts as failed when it no longer answers', async () => {
    const { connection, failed } = await speak(false);
    assert.equal(await failed, 'the service does not answer pings');
    connection.close();
  });
});
