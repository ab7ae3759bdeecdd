// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders } from '../support/raw-call.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { TestServer } from '../support/server.ts';

const DRAIN_SECONDS = 2;

function start(): Promise<TestServer> {
  return TestServer.start({
    flags: ['--workers', '1'],
    env: { CANOPY_SERVER_DRAIN_SECONDS: String(DRAIN_SECONDS) },
  });
}

describe('threat 16: SIGTERM with people inside', { concurrency: true }, () => {
  it('admits nobody new, drops nobody before the deadline, then exits with 0', async () => {
    const server = await start();
    try {
      const [ann, bob, late] = await Promise.all([1, 2, 3].map(() => newIdentity(server)));
      assert.ok(ann && bob && late);
      const people = await Bystanders.start(server.url, ann, bob, 'team');
      const waiting = await ProtocolClient.enter(server.url, late);
      const ended = server.terminate();
      const toldAtMs = performance.now();
      const { retryAfterSeconds } = await people.ann.client.event('server.closing');
      assert.equal(retryAfterSeconds, DRAIN_SECONDS);
      await people.bob.client.event('server.closing');

      // Clients outside rooms, and newcomers, are asked to come back later.
      for (const roomId of ['team', 'other']) {
        const answer = await waiting.ask('room.join', { roomId });
        assert.ok(!answer.ok);
        assert.equal(answer.error.code, 'SERVER_CLOSING');
        assert.equal(answer.error.retryable, true);
      }
      const stolen = { roomId: 'team', resume: { peerId: people.ann.peerId } };
      assert.equal(
        await waiting.refusal('room.join', stolen),
        'SERVER_CLOSING',
        "with another's peer id too",
      );
      const stranger = await ProtocolClient.open(server.url);
      assert.equal(await stranger.refusal('auth.prove', await stranger.proof(late)), 'SERVER_CLOSING');
      stranger.close();
      const ready = await fetch(`${server.url}/readyz`);
      assert.equal(ready.status, 503);

      await people.goOn();
      const codes = await Promise.all([people.ann, people.bob].map(({ client }) => client.ended()));
      assert.deepEqual(codes, ['SERVER_CLOSING', 'SERVER_CLOSING']);
      const lastedMs = performance.now() - toldAtMs;
      assert.ok(lastedMs > DRAIN_SECONDS * 1000 - 100, `they had ${Math.round(lastedMs)} ms`);
      assert.equal(await ended, 0);
    } finally {
      await server.close();
    }
  });

  it('readmits people who lose their connection, even in a long drain, but nobody else', async () => {
    const server = await TestServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_SERVER_DRAIN_SECONDS: '600' },
    });
    try {
      const [ann, bob, late] = await Promise.all([1, 2, 3].map(() => newIdentity(server)));
      assert.ok(ann && bob && late);
      const people = await Bystanders.start(server.url, ann, bob, 'team');
      const ended = server.terminate();
      const { retryAfterSeconds } = await people.ann.client.event('server.closing');
      assert.ok(retryAfterSeconds <= 10, 'nobody waits for the end of the drain');
      await people.ann.client.cut();
      const stranger = await ProtocolClient.open(server.url);
      assert.equal(await stranger.refusal('auth.prove', await stranger.proof(late)), 'SERVER_CLOSING');
      stranger.close();
      const back = await ProtocolClient.enter(server.url, ann);
      const resume = { peerId: people.ann.peerId };
      assert.equal((await back.get('room.join', { roomId: 'team', resume })).resumed, true);
      for (const client of [back, people.bob.client]) {
        await client.get('room.leave', {});
        client.close();
      }
      assert.equal(await ended, 0);
    } finally {
      await server.close();
    }
  });

  it('exits as soon as the last person has left', async () => {
    const server = await TestServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_SERVER_DRAIN_SECONDS: '600' },
    });
    try {
      const people = await Bystanders.start(server.url, await newIdentity(server), await newIdentity(server));
      const ended = server.terminate();
      await people.ann.client.event('server.closing');
      await people.goOn();
      await people.leave();
      assert.equal(await ended, 0);
    } finally {
      await server.close();
    }
  });

  it('is not delayed by a client that does not read', async () => {
    const server = await start();
    try {
      const people = await Bystanders.start(server.url, await newIdentity(server), await newIdentity(server));
      people.bob.client.pauseReading();
      const half = await RawSocket.challenged(server.url);
      half.tcp.pause();
      const ended = server.terminate();
      assert.equal(await people.ann.client.ended(), 'SERVER_CLOSING');
      assert.equal(await ended, 0);
      people.bob.client.close();
      half.close();
    } finally {
      await server.close();
    }
  });
});
