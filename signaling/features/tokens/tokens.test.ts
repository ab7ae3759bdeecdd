import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SCOPES, type Scope } from '../../../contract/index.ts';
import { apiRoutes, PUBLIC_ROUTES, STREAM_ROUTES, TICKET_ROUTES } from '../../../test/support/api-routes.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { eventually } from '../../../test/support/wait.ts';
import type { TokenInfo } from './rest.ts';

type Created = TokenInfo & { token: string };

describe('API tokens', () => {
  let server: InProcessServer;
  let turn = 0;

  before(async () => {
    server = await InProcessServer.start({ 'limits.requestsPerToken': 5 });
  });
  after(() => server.close());

  const create = async (scopes: Scope[], more: Record<string, unknown> = {}): Promise<Created> => {
    turn += 1;
    const { status, body } = await server.api('POST', '/api/tokens', {
      name: `token ${turn}`,
      scopes,
      ...more,
    });
    assert.equal(status, 200, JSON.stringify(body));
    return body as Created;
  };
  const answer = async (token: string, method: string, path: string, body?: unknown) => {
    const given = await server.api(method, path, body, token);
    const { error } = (given.body ?? {}) as { error?: { code: string; detail?: string } };
    return error ? `${error.code} ${error.detail ?? ''}`.trim() : given.status;
  };

  it('threat 29: every route names its scope, and a token without it is refused with its name', async () => {
    const named = new Set<string>(['metrics:read']);
    for (const { name, method, path, needsKey, scope, description } of await apiRoutes(server)) {
      if (!needsKey) {
        assert.ok([...PUBLIC_ROUTES, ...STREAM_ROUTES, ...TICKET_ROUTES].includes(name), name);
        continue;
      }
      assert.ok(Object.hasOwn(SCOPES, scope), `${name} names the scope ${scope}`);
      assert.equal(scope.endsWith(':read'), method === 'GET', name);
      assert.match(description, new RegExp(`^((?!Scope:).)* Scope: \`${scope}\`\\.$`), name);
      named.add(scope);
      const others = (Object.keys(SCOPES) as Scope[]).filter((each) => each !== scope);
      const { token, tokenId } = await create(others);
      const url = path.replaceAll(/\{\w+\}/g, 'a'.repeat(64));
      assert.equal(await answer(token, method, url), `SCOPE_MISSING ${scope}`, name);
      await server.api('DELETE', `/api/tokens/${tokenId}`);
    }
    assert.deepEqual([...named].sort(), Object.keys(SCOPES).sort(), 'each scope is used');
  });

  it('reach exactly their scopes', async () => {
    const { token } = await create(['rooms:read', 'rooms:write']);
    assert.equal(await answer(token, 'POST', '/api/rooms', { roomId: 'made' }), 200);
    assert.equal(await answer(token, 'GET', '/api/rooms/made/settings'), 200);
    assert.equal(await answer(token, 'GET', '/api/accounts'), 'SCOPE_MISSING accounts:read');
    assert.equal(await answer(token, 'GET', '/api/rooms/made/chat'), 'SCOPE_MISSING chat:read');
    const { token: writer } = await create(['rooms:write']);
    assert.equal(await answer(writer, 'GET', '/api/rooms'), 'SCOPE_MISSING rooms:read');
  });

  it('a token for invitations does not make admins or bridges', async () => {
    const { token } = await create(['invitations:write']);
    assert.equal(await answer(token, 'POST', '/api/invites', { role: 'member' }), 200);
    for (const role of ['admin', 'bridge']) {
      assert.equal(await answer(token, 'POST', '/api/invites', { role }), 'SCOPE_MISSING accounts:write');
    }
    const { token: both } = await create(['invitations:write', 'accounts:write']);
    assert.equal(await answer(both, 'POST', '/api/invites', { role: 'admin' }), 200);
  });

  it('a token for tokens gives no more than it has', async () => {
    const { token } = await create(['tokens:write', 'rooms:read']);
    const wanted = { name: 'child', scopes: ['rooms:read'] };
    assert.equal(
      await answer(token, 'POST', '/api/tokens', { ...wanted, scopes: ['rooms:read', 'rooms:write'] }),
      'SCOPE_MISSING rooms:write',
    );
    const { body } = await server.api('POST', '/api/tokens', wanted, token);
    assert.match((body as Created).createdBy, /^token \d+$/);
    assert.equal(await answer(token, 'POST', '/api/tokens', wanted), 'TOKEN_EXISTS child');
  });

  it('threat 5: a token for tokens makes none that outlives it', async () => {
    const maker = await create(['tokens:write', 'rooms:read'], { expiresInDays: 1 });
    for (const [name, expiresInDays] of [
      ['for ever', null],
      ['ten years', 3650],
      ['an hour', 1 / 24],
    ] as const) {
      const wanted = { name, scopes: ['tokens:write'], expiresInDays };
      const { body } = await server.api('POST', '/api/tokens', wanted, maker.token);
      const expiresAtMs = (body as Created).expiresAtMs ?? Number.POSITIVE_INFINITY;
      assert.equal(expiresAtMs === maker.expiresAtMs, name !== 'an hour', name);
      assert.ok(expiresAtMs <= (maker.expiresAtMs ?? 0), name);
    }
  });

  it('limited to rooms reach only requests about these, whatever the spelling', async () => {
    const { token } = await create(['rooms:read', 'rooms:write', 'accounts:read', 'tokens:write'], {
      rooms: ['café'],
    });
    assert.equal(await answer(token, 'GET', '/api/rooms/caf%C3%A9/settings'), 200);
    assert.equal(await answer(token, 'GET', '/api/rooms/cafe%CC%81/settings'), 200);
    assert.equal(await answer(token, 'GET', '/api/rooms/other/settings'), 'SCOPE_MISSING room other');
    for (const [method, path] of [
      ['GET', '/api/rooms'],
      ['GET', '/api/accounts'],
      ['GET', '/api/rooms?roomId=café'],
      ['POST', '/api/rooms'],
      ['POST', '/api/tokens'],
    ] as const) {
      assert.match(`${await answer(token, method, path)}`, /^SCOPE_MISSING this token is limited/);
    }
  });

  it('an invitation for a calendar has a link only with links:write', async () => {
    const schedule = { startsAt: '2030-01-02T10:00', timeZone: 'Europe/Berlin', durationMinutes: 30 };
    const made = await server.api('POST', '/api/rooms', { roomId: 'meeting', schedule });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const ics = async (scopes: Scope[]) => {
      const { token } = await create(scopes);
      const response = await fetch(`${server.url}/api/rooms/meeting/invitation.ics`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return (await response.text()).replaceAll('\r\n ', '');
    };
    assert.doesNotMatch(await ics(['rooms:read']), /#\/join\//);
    assert.match(await ics(['rooms:read', 'links:write']), /#\/join\//);
  });

  it('are shown once, stored as a hash, and easy to recognise', async () => {
    const { token, tokenId, expiresAtMs, createdBy, lastUsedAtMs, ...info } = await create(['rooms:read']);
    assert.match(token, /^canopy_[\w-]{43}$/);
    assert.deepEqual([createdBy, lastUsedAtMs], ['api.key', null]);
    const days = ((expiresAtMs ?? 0) - Date.now()) / 86_400_000;
    assert.ok(days > 364.9 && days <= 365, `${days}`);
    assert.equal(await answer(token, 'GET', '/api/rooms'), 200);
    const { body } = await server.api('GET', '/api/tokens');
    const listed = (body as { tokens: TokenInfo[] }).tokens.find((each) => each.tokenId === tokenId);
    assert.deepEqual(listed?.name, info.name);
    assert.ok(Date.now() - (listed?.lastUsedAtMs ?? 0) < 60_000);
    assert.ok(!JSON.stringify(body).includes(token));
    for (const file of ['canopy.sqlite', 'canopy.sqlite-wal']) {
      assert.ok(!readFileSync(join(server.dataDir, file)).includes(token), file);
    }
  });

  it('threat 30: an expired, revoked or unknown one is refused, and others do not notice', async () => {
    const [first, second] = [await create(['rooms:read']), await create(['rooms:read'])];
    assert.equal(await answer(first.token, 'GET', '/api/rooms'), 200);
    assert.equal((await server.api('DELETE', `/api/tokens/${first.tokenId}`)).status, 200);
    assert.equal(await answer(first.token, 'GET', '/api/rooms'), 'API_KEY_INVALID');
    assert.equal(await answer(second.token, 'GET', '/api/rooms'), 200);
    assert.equal((await server.api('DELETE', `/api/tokens/${first.tokenId}`)).status, 404);
    for (const wrong of [`${second.token}x`, second.token.slice(0, -1), 'canopy_', '', second.tokenId]) {
      assert.equal(await answer(wrong, 'GET', '/api/rooms'), 'API_KEY_INVALID', wrong);
    }
    const brief = await create(['rooms:read'], { expiresInDays: 0.000_001 });
    await eventually(
      'the token expires',
      () => answer(brief.token, 'GET', '/api/rooms'),
      (said) => said === `TOKEN_EXPIRED ${brief.name}`,
    );
    const lasting = await create(['rooms:read'], { expiresInDays: null });
    assert.equal(lasting.expiresAtMs, null);
  });

  it('each has its own rate limit, and the key has none', async () => {
    const [busy, calm] = [await create(['rooms:read']), await create(['rooms:read'])];
    const answers = new Set<unknown>();
    for (let n = 0; n < 60; n += 1) {
      answers.add(await answer(busy.token, 'GET', '/api/rooms'));
    }
    assert.ok(answers.has('RATE_LIMITED this API token sends too many requests'), [...answers].join());
    assert.equal(await answer(calm.token, 'GET', '/api/rooms'), 200);
    for (let n = 0; n < 60; n += 1) {
      assert.equal((await server.api('GET', '/api/rooms')).status, 200);
    }
  });

  it('with metrics:read get current metrics without a limit', async () => {
    const { token } = await create(['metrics:read']);
    const count = async (secret: string) => {
      const response = await fetch(`${server.url}/metrics`, {
        headers: { authorization: `Bearer ${secret}` },
      });
      return { status: response.status, limit: response.headers.get('x-ratelimit-limit') };
    };
    assert.deepEqual(await count(token), { status: 200, limit: null });
    assert.deepEqual(await count('canopy_wrong'), { status: 200, limit: '600' });
  });
});
