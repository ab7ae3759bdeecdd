import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { enrol, type Identity, parseInvitation } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { PostgresServer } from '../support/postgres.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Bystanders, Seat } from '../support/raw-call.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

/** The longest an answer may take while the database is away, in milliseconds: the goal is 6 s. */
const PATIENCE_MILLISECONDS = 20_000;

describe('a server whose PostgreSQL is away', { skip: PostgresServer.missing ?? false }, () => {
  let postgres: PostgresServer;
  let attacked: AttackedServer;
  let server: TestServer;
  let ann: Identity;
  let bob: Identity;
  let guest: Identity;

  before(async () => {
    postgres = await PostgresServer.start();
    attacked = await AttackedServer.start({
      flags: ['--workers', '1'],
      env: { CANOPY_STORE_URL: await postgres.createDatabase() },
    });
    server = attacked.server;
    [ann, bob, guest] = await Promise.all([
      newIdentity(server),
      newIdentity(server),
      newIdentity(server, { role: 'guest', roomId: 'team' }),
    ]);
  });
  after(async () => {
    await attacked.close();
    await postgres.close();
  });

  const status = async (path: string) => (await fetch(server.url + path)).status;

  for (const [how, stop, start] of [
    ['is stopped', () => postgres.stop(), () => postgres.restart()],
    ['hangs', () => postgres.freeze(), () => postgres.thaw()],
  ] as const) {
    it(`threat 42: calls go on while it ${how}, what needs it is refused with a retry hint, and the server stays alive`, async () => {
      const people = await Bystanders.start(server.url, ann, bob, 'team');
      const seat = await Seat.take(server.url, guest, 'team');
      const invitation = parseInvitation(await server.invite({ displayName: 'Cleo' }));
      assert.ok(invitation);
      await stop();
      try {
        // Media and moderation of those inside need no store.
        const audio = await seat.produce();
        await people.bob.consume(audio);
        // Those who lose their connection come back, guests too.
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
        // Anybody else is asked to come back later.
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
        assert.ok(performance.now() - begunMs < PATIENCE_MILLISECONDS);
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
      await people.bob.client.get('room.leave', {});
      people.bob.client.close();
    });
  }
});
