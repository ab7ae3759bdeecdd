import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import { CONSOLE_SCOPES, SCOPES, type Scope } from '../../../contract/index.ts';
import { apiRoutes } from '../../../test/support/api-routes.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, newPerson, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';
import type { AuditEntry } from '../audit/index.ts';
import type { ServerStatus } from './rest.ts';

describe('the console', () => {
  let server: InProcessServer;
  let admin: Identity;

  before(async () => {
    server = await InProcessServer.start();
    admin = await newIdentity(server, { role: 'admin', displayName: 'Ada' });
  });
  after(() => server.close());

  const enter = (identity: Identity) => ProtocolClient.enter(server.url, identity);
  const open = async (client: ProtocolClient) => (await client.get('console.open', {})).key;
  const answer = async (key: string, method: string, path: string, body?: unknown) => {
    const given = await server.api(method, path, body, key);
    const { error } = (given.body ?? {}) as { error?: { code: string; detail?: string } };
    return error ? `${error.code} ${error.detail ?? ''}`.trim() : given.status;
  };

  it('threat 29: the key of an administrator reaches exactly the scopes of the console', async () => {
    const client = await enter(admin);
    const key = await open(client);
    for (const { method, path, needsKey, name, scope } of await apiRoutes(server)) {
      if (!needsKey) {
        continue;
      }
      // A number where an id is expected: refused before anything is done.
      const given = await answer(
        key,
        method,
        path.replaceAll(/\{\w+\}/g, '~'),
        method === 'GET' ? undefined : 1,
      );
      const isRefused = given === `SCOPE_MISSING ${scope}`;
      assert.equal(isRefused, !CONSOLE_SCOPES.includes(scope as Scope), `${name}: ${given}`);
    }
    const withheld = Object.keys(SCOPES).filter((each) => !CONSOLE_SCOPES.includes(each as Scope));
    for (const scope of ['chat:read', 'tokens:write', 'webhooks:write', 'links:read']) {
      assert.ok(withheld.includes(scope), scope);
    }
    client.close();
  });

  it('threat 5: nobody but administrators gets a key', async () => {
    for (const role of ['member', 'guest', 'bridge']) {
      const client = await enter(await newIdentity(server, { role, roomId: 'lounge' }));
      assert.equal(await client.refusal('console.open', {}), 'FORBIDDEN', role);
      client.close();
    }
    const stranger = await ProtocolClient.open(server.url);
    assert.equal(await stranger.refusal('console.open', {}), 'AUTH_REQUIRED');
    stranger.close();
  });

  it('a key ends with its connection, with the next key, and with the role', async () => {
    const first = await enter(admin);
    const key = await open(first);
    assert.equal(await answer(key, 'GET', '/api/rooms'), 200);
    const next = await open(first);
    assert.equal(await answer(key, 'GET', '/api/rooms'), 'API_KEY_INVALID');
    assert.equal(await answer(next, 'GET', '/api/rooms'), 200);
    first.close();
    await eventually(
      'the key is refused',
      () => answer(next, 'GET', '/api/rooms'),
      (given) => given === 'API_KEY_INVALID',
    );
    const { identity, accountId } = await newPerson(server, { role: 'admin' });
    const second = await enter(identity);
    const another = await open(second);
    assert.equal(await answer(another, 'GET', '/api/rooms'), 200);
    await server.api('POST', `/api/accounts/${accountId}/role`, { role: 'member' });
    assert.equal(await answer(another, 'GET', '/api/rooms'), 'API_KEY_INVALID');
    await server.api('POST', `/api/accounts/${accountId}/role`, { role: 'admin' });
    assert.equal(await answer(another, 'GET', '/api/rooms'), 200);
    await server.api('POST', `/api/accounts/${accountId}/revoke`, {});
    assert.equal(await answer(another, 'GET', '/api/rooms'), 'API_KEY_INVALID');
  });

  it('what an administrator does is recorded under their name and device', async () => {
    const client = await enter(admin);
    const key = await open(client);
    const { body } = await server.api('POST', '/api/invites', { role: 'member' }, key);
    assert.match((body as { url: string }).url, /#\/invite/);
    const lately = async (action: string) => {
      const { body } = await server.api('GET', `/api/audit?action=${action}&limit=1`);
      return (body as { entries: AuditEntry[] }).entries;
    };
    const [entry] = await eventually(
      'the audit log names it',
      () => lately('invite.create'),
      ([last]) => last?.actor.kind === 'account',
    );
    assert.equal(entry?.actor.name, 'Ada');
    assert.match(entry?.actor.deviceId ?? '', /^[0-9a-f]{64}$/);
    const opened = await lately('console.open');
    assert.equal(opened.length, 1);
    assert.ok(!JSON.stringify(opened).includes(key), 'the key itself is not recorded');
    client.close();
  });

  it('shows the state of the server', async () => {
    const { status, body } = await server.api('GET', '/api/status');
    assert.equal(status, 200, JSON.stringify(body));
    const state = body as ServerStatus;
    assert.equal(state.workers.length, 1);
    assert.ok((state.workers[0]?.pid ?? 0) > 0);
    assert.equal(state.draining, false);
    assert.equal(state.recorder, 'off');
    assert.equal(state.bucket, null);
    const [disk] = state.disks;
    assert.equal(disk?.folder, 'data');
    assert.ok(disk.freeBytes > 0 && disk.totalBytes >= disk.freeBytes);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const size = /^canopy_disk_size_bytes\{folder="data"\} (\S+)$/m.exec(metrics)?.[1];
    assert.equal(Number(size), disk.totalBytes);
  });
});

describe('without the console', () => {
  it('api.console keeps administrators from the API', async () => {
    const server = await InProcessServer.start({ 'api.console': false });
    try {
      const client = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'admin' }));
      assert.equal(await client.refusal('console.open', {}), 'FORBIDDEN');
      client.close();
    } finally {
      await server.close();
    }
  });
});
