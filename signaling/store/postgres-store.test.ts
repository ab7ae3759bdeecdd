import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import type { CanopyError } from '../../base/index.ts';
import { callRecord } from '../../contract/index.ts';
import { CuttableRelay } from '../../test/support/cuttable-relay.ts';
import { PostgresServer } from '../../test/support/postgres.ts';
import { eventually } from '../../test/support/wait.ts';
import { Calls, Invitations, MIGRATIONS } from '../features/index.ts';
import { Accounts } from '../kernel/index.ts';
import { openStore } from './open-store.ts';
import { withoutPassword } from './postgres-connection.ts';
import type { Store } from './store.ts';

/** The longest a request may wait for a database that hangs, in milliseconds: the goal is 6 s. */
const PATIENCE_MS = 15_000;

describe('the store on a PostgreSQL that fails', { skip: PostgresServer.missing ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await PostgresServer.start();
  });
  after(() => server.close());

  const open = async (options: { exclusive?: boolean } = {}) => {
    const url = await server.createDatabase();
    return { url, store: await openStore('unused', { migrations: MIGRATIONS, url, ...options }) };
  };
  const away = { code: 'STORE_UNAVAILABLE', retryable: true };

  it('threat 42: everything is refused with a retryable code while it is down, and works once it is back', async () => {
    const { store } = await open();
    const invitations = new Invitations(store);
    await invitations.create({ role: 'member', ttlSeconds: 60 });
    await server.stop();
    await assert.rejects(invitations.create({ role: 'member', ttlSeconds: 60 }), away);
    await assert.rejects(new Accounts(store).find('a'), away);
    await assert.rejects(store.tryWrite(), away);
    await server.restart();
    await store.tryWrite();
    await invitations.create({ role: 'member', ttlSeconds: 60 });
    await store.close();
  });

  it('a call is recorded whatever its caller dialled, with NULs too, which PostgreSQL does not store', async () => {
    const { store } = await open();
    const calls = new Calls(store);
    const call = callRecord.parse({
      callId: randomUUID(),
      direction: 'incoming',
      remote: 'sip:\u0000@127.0.0.1',
      dialled: '\u0000\u2028\ud800',
      trunk: null,
      roomId: null,
      codec: null,
      startedAtMs: 1,
      answeredAtMs: null,
      endedAtMs: 2,
      endCause: 'refused',
      sipStatus: 404,
      mos: null,
      quality: null,
    });
    await calls.record(call);
    assert.deepEqual(await calls.find(call.callId), call);
    await store.close();
  });

  it('a database that cannot be used is refused at the start, with what to do', async () => {
    const url = await server.createDatabase();
    const client = new pg.Client(url);
    await client.connect();
    await client.query('create table accounts (id int)');
    await client.end();
    const refused = (odd: string, detail: RegExp) =>
      assert.rejects(openStore('unused', { migrations: MIGRATIONS, url: odd }), {
        code: 'STORE_UNUSABLE',
        detail,
      });
    await refused(url, /"accounts" already exists; .*empty database/);
    await refused(`${url}?sslmode=verify-full`, /does not support SSL/);
    await refused(`${url}?sslmode=verify-full&sslrootcert=/missing/ca.pem`, /\/missing\/ca\.pem: ENOENT/);
    await refused(url.replace(/[^/]*$/, 'missing'), /"missing" does not exist/);
  });

  it('connects through a pooler, which takes no settings in the startup message, and has them all the same', async (t) => {
    const url = new URL(await server.createDatabase());
    const startups: string[][] = [];
    const pooler = createServer((client) => {
      const upstream = connect(server.port, '127.0.0.1');
      // Length and protocol version, then names and values, each with a NUL at its end (PostgreSQL, “Message Formats”).
      client.once('data', (bytes: Buffer) => startups.push(bytes.subarray(8).toString().split('\0')));
      for (const socket of [client, upstream]) {
        socket.on('error', () => {});
      }
      client.pipe(upstream).pipe(client);
    }).listen(0, '127.0.0.1');
    await once(pooler, 'listening');
    t.after(() => pooler.close());
    url.port = `${(pooler.address() as AddressInfo).port}`;
    const store = await openStore('unused', { migrations: MIGRATIONS, url: url.href, exclusive: true });
    const settings = await sql<{ name: string; setting: string }>`
      select name, setting from pg_settings where name in ('statement_timeout', 'lock_timeout', 'synchronous_commit')
      order by name`.execute(store.db);
    await store.close();
    assert.deepEqual(
      settings.rows.map(({ name, setting }) => [name, setting]),
      [
        ['lock_timeout', '2000'],
        ['statement_timeout', '3000'],
        ['synchronous_commit', 'on'],
      ],
    );
    // What PgBouncer takes.
    const taken = new Set(['user', 'database', 'client_encoding', 'application_name']);
    assert.ok(startups.length >= 3);
    for (const startup of startups) {
      const names = startup.filter((_, index) => index % 2 === 0).filter(Boolean);
      assert.deepEqual(new Set([...names, ...taken]), taken);
    }
  });

  it('threat 42: a PostgreSQL that hangs delays a request by only a few seconds', async () => {
    const { store } = await open();
    await store.tryWrite();
    await server.freeze();
    try {
      const begunMs = performance.now();
      const requests = Array.from({ length: 25 }, () => new Accounts(store).find('a'));
      for (const { status } of await Promise.allSettled(requests)) {
        assert.equal(status, 'rejected');
      }
      await assert.rejects(requests[0] ?? Promise.resolve(), away);
      assert.ok(performance.now() - begunMs < PATIENCE_MS);
    } finally {
      await server.thaw();
    }
    await eventually('it can be written again', () =>
      store.tryWrite().then(
        () => true,
        () => false,
      ),
    );
    await store.close();
  });

  it('threat 42: what was acknowledged survives a crash of PostgreSQL', async () => {
    const { store } = await open();
    const accounts = new Accounts(store);
    const acknowledged: string[] = [];
    let crashed = false;
    const enrolling = Array.from({ length: 8 }, async (_, worker) => {
      for (let n = 0; !crashed && n < 10_000; n += 1) {
        const accountId = `${worker}-${n}`;
        const account = {
          accountId,
          displayName: 'Ann',
          role: 'member',
          source: 'invite',
          nowMs: 1,
        } as const;
        const done = await accounts.ensure(account).then(
          () => true,
          () => false,
        );
        if (done) {
          acknowledged.push(accountId);
        }
      }
    });
    await eventually('some are in', () => acknowledged.length > 100);
    await server.crash();
    crashed = true;
    await Promise.all(enrolling);
    await server.restart();
    const rows = await store.db.selectFrom('accounts').select('account_id').execute();
    const found = new Set(rows.map(({ account_id }) => account_id));
    assert.deepEqual(
      acknowledged.filter((id) => !found.has(id)),
      [],
    );
    await store.close();
  });

  it('threat 42: only one server has a database; one that lost it to another refuses all use of it', async () => {
    const url = await server.createDatabase();
    const relay = await CuttableRelay.open(() => server.port);
    const relayed = new URL(url);
    relayed.port = String(relay.port);
    const first = await openStore('unused', { migrations: MIGRATIONS, url: relayed.href, exclusive: true });
    await first.tryWrite();
    await assert.rejects(openStore('unused', { migrations: MIGRATIONS, url, exclusive: true }), {
      code: 'DATA_IN_USE',
    });
    const refused = () =>
      first.tryWrite().then(
        () => '',
        ({ code }: { code: string }) => code,
      );
    // It is cut off, and another server opens the database.
    relay.refuse();
    let second: Store | undefined;
    await eventually('the other one has it', async () => {
      second = await openStore('unused', { migrations: MIGRATIONS, url, exclusive: true }).catch(
        (error: { code: string }) => {
          assert.equal(error.code, 'DATA_IN_USE');
          return undefined;
        },
      );
      return second !== undefined;
    });
    assert.equal(await refused(), 'STORE_UNAVAILABLE');
    relay.allow();
    await eventually('it notices', refused, (code) => {
      assert.notEqual(code, '', 'it writes although another server has the database');
      return code === 'DATA_IN_USE';
    });
    await second?.close();
    await eventually('it takes the database back', refused, (code) => code === '');
    await first.close();
    relay.close();
  });

  it('threat 3: neither clients nor /readyz learn where the database is when it is lost', async () => {
    const { store } = await open({ exclusive: true });
    await server.stop();
    await assert.rejects(store.tryWrite(), (error: CanopyError) => {
      assert.equal(error.code, 'STORE_UNAVAILABLE');
      assert.doesNotMatch(error.detail ?? '', /127\.0\.0\.1|canopy_/);
      return true;
    });
    await server.restart();
    await store.close();
  });

  it('threat 42: a server that lost only its lock retakes it', async () => {
    const { url, store } = await open({ exclusive: true });
    const admin = new pg.Client(url);
    await admin.connect();
    const holders = async () =>
      (
        await admin.query<{ pid: number }>(`
          select pid from pg_locks where locktype = 'advisory'
          and database = (select oid from pg_database where datname = current_database())`)
      ).rows;
    const before = await holders();
    assert.equal(before.length, 1);
    await admin.query('select pg_terminate_backend($1)', [before[0]?.pid]);
    await eventually(
      'it has the lock again',
      holders,
      ([holder]) => ![undefined, before[0]?.pid].includes(holder?.pid),
    );
    await eventually('it can be written', () =>
      store.tryWrite().then(
        () => true,
        () => false,
      ),
    );
    await admin.end();
    await store.close();
  });

  it('threat 42: closing does not wait for a PostgreSQL that hangs', async () => {
    const { store } = await open({ exclusive: true });
    await store.tryWrite();
    await server.freeze();
    try {
      const begunMs = performance.now();
      await store.close();
      assert.ok(performance.now() - begunMs < PATIENCE_MS);
    } finally {
      await server.thaw();
    }
  });

  it('accepts the empty list of calls of a new gateway', async () => {
    const { store } = await open();
    await new Calls(store).endOthers([], 1);
    await store.close();
  });

  it('names the server in errors, but never the password', async () => {
    const url = `postgres://canopy:swordfish@127.0.0.1:${server.port}/missing`;
    assert.equal(withoutPassword(url), `postgres://127.0.0.1:${server.port}/missing`);
    await assert.rejects(
      openStore('unused', { migrations: MIGRATIONS, url }),
      (error: Error & { code?: string; detail?: string }) => {
        assert.equal(error.code, 'STORE_UNUSABLE');
        assert.match(error.detail ?? '', /database "missing" does not exist/);
        return !`${error.message} ${error.detail} ${error.stack}`.includes('swordfish');
      },
    );
  });
});
