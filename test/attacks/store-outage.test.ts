// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { enrol, GatewayLink, type Identity, parseInvitation } from '../../client/sdk/index.ts';
import type { CallRecord } from '../../contract/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { newGatewayIdentity } from '../support/gateway-identity.ts';
import { PostgresServer } from '../support/postgres.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders, Seat } from '../support/raw-call.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

/** Time limit for an answer while the database is away, in milliseconds: the goal is 6 s. */
const PATIENCE_MS = 20_000;

const CALL: Omit<CallRecord, 'callId' | 'startedAtMs'> = {
  direction: 'incoming',
  remote: 'sip:ann@phones.example',
  dialled: '1000',
  trunk: null,
  roomId: 'team',
  codec: 'PCMU',
  encryption: 'none',
  answeredAtMs: null,
  endedAtMs: null,
  endCause: null,
  sipStatus: null,
  mos: null,
  quality: null,
};

describe('a server without its PostgreSQL', { skip: PostgresServer.missing ?? false }, () => {
  let postgres: PostgresServer;
  let attacked: AttackedServer;
  let server: TestServer;
  let ann: Identity;
  let bob: Identity;
  let guest: Identity;
  let phones: Identity;

  before(async () => {
    postgres = await PostgresServer.start();
    const url = await postgres.createDatabase();
    attacked = await AttackedServer.start({ flags: ['--workers', '1'], env: { CANOPY_STORE_URL: url } });
    server = attacked.server;
    [ann, bob, guest, phones] = await Promise.all([
      newIdentity(server),
      newIdentity(server),
      newIdentity(server, { role: 'guest', roomId: 'team' }),
      newGatewayIdentity(server, url),
    ]);
  });
  after(async () => {
    try {
      await attacked.close();
    } finally {
      await postgres.close();
    }
  });

  const status = async (path: string) => (await fetch(server.url + path)).status;

  /** Waits until the server refuses another request because the store is away. */
  const untilRefused = async () => {
    const refusals = async () =>
      (await server.metrics()).get('canopy_errors_total{code="STORE_UNAVAILABLE"}') ?? 0;
    const before = await refusals();
    await eventually('the server refuses it', refusals, (count) => count > before);
  };

  for (const [how, stop, start] of [
    ['is stopped', () => postgres.stop(), () => postgres.restart()],
    ['hangs', () => postgres.freeze(), () => postgres.thaw()],
  ] as const) {
    it(`threat 42: calls continue while it ${how}, requests that need it are refused with a retry hint, and the server stays alive`, async () => {
      const people = await Bystanders.start(server.url, ann, bob, 'team');
      const seat = await Seat.take(server.url, guest, 'team');
      const idle = await ProtocolClient.enter(server.url, ann);
      const unknown = { roomId: `unknown-${how.replace(' ', '-')}` };
      const invitation = parseInvitation(await server.invite({ displayName: 'Cleo' }));
      assert.ok(invitation);
      await stop();
      try {
        // Media and moderation inside a room do not need the store.
        const audio = await seat.produce();
        await people.bob.consume(audio);
        // People who lose their connection can return, even guests.
        for (const [identity, { client, peerId }] of [
          [ann, people.ann],
          [guest, seat],
        ] as const) {
          await client.cut();
          const again = await ProtocolClient.enter(server.url, identity);
          const joined = await again.get('room.join', { roomId: 'team', resume: { peerId } });
          assert.deepEqual([joined.resumed, joined.peerId], [true, peerId]);
          await again.get('room.leave', {});
          again.close();
        }
        // Everyone else is asked to come back later.
        const begunMs = performance.now();
        await assert.rejects(enrol({ serverUrl: server.url, ...invitation }), {
          code: 'STORE_UNAVAILABLE',
          retryable: true,
        });
        const stranger = await ProtocolClient.open(server.url);
        const refused = await stranger.ask('auth.prove', await stranger.proof(ann));
        assert.ok(!refused.ok);
        assert.deepEqual([refused.error.code, refused.error.retryable], ['STORE_UNAVAILABLE', true]);
        stranger.close();
        const notOpened = await idle.ask('room.join', unknown);
        assert.ok(!notOpened.ok);
        assert.deepEqual([notOpened.error.code, notOpened.error.retryable], ['STORE_UNAVAILABLE', true]);
        assert.ok(performance.now() - begunMs < PATIENCE_MS);
        assert.equal(await status('/healthz'), 200);
        await eventually(
          'it is not ready',
          () => status('/readyz'),
          (code) => code === 503,
        );
      } finally {
        await start();
      }
      await eventually(
        'it is ready again',
        () => status('/readyz'),
        (code) => code === 200,
      );
      await enrol({ serverUrl: server.url, ...invitation });
      await idle.get('room.join', unknown);
      await idle.get('room.leave', {});
      idle.close();
      await people.bob.client.get('room.leave', {});
      people.bob.client.close();
    });

    it(`threat 42: the gateway keeps the outcome of a phone call while it ${how}, even across a reconnect, and records it afterwards`, async (t) => {
      const link = await GatewayLink.connect({ url: server.url, identity: phones });
      t.after(() => link.close());
      // The newest call comes first in the history.
      const call = { ...CALL, callId: randomUUID(), startedAtMs: Date.now() };
      await link.record(call);
      const ended = { ...call, endedAtMs: call.startedAtMs + 1000, endCause: 'remote' };
      await stop();
      let recorded: Promise<void>;
      try {
        recorded = link.record(ended);
        await untilRefused();
        link.reconnect();
        await untilRefused();
      } finally {
        await start();
      }
      await recorded;
      const { calls } = await server.api<{ calls: unknown[] }>('GET', '/api/sip/calls?active=false&limit=1');
      assert.deepEqual(calls, [ended]);
    });
  }
});
