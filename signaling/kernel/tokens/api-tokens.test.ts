import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createLogger } from '../../../base/index.ts';
import { openStore } from '../../store/index.ts';
import { KERNEL_MIGRATIONS } from '../migrations.ts';
import { ApiTokens } from './api-tokens.ts';

describe('stored API tokens', () => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-tokens-'));
  after(() => rmSync(dir, { recursive: true }));
  const log = createLogger({ level: 'silent', format: 'json' });

  it('work after a restart, with their rooms and last use, and revoked ones do not', async () => {
    let store = await openStore(dir, { migrations: KERNEL_MIGRATIONS });
    let nowMs = 1_790_000_000_000;
    let tokens = await ApiTokens.open(store, log, () => nowMs);
    const given = { scopes: ['rooms:read'], createdBy: 'api.key' } as const;
    const kept = await tokens.create({ ...given, name: 'kept', rooms: ['a'], expiresAtMs: nowMs + 1000 });
    const gone = await tokens.create({ ...given, name: 'gone', rooms: null, expiresAtMs: null });
    tokens.authenticate(kept.secret);
    await tokens.revoke(gone.token.tokenId);
    await tokens.close();
    await store.close();

    store = await openStore(dir, { migrations: KERNEL_MIGRATIONS });
    try {
      tokens = await ApiTokens.open(store, log, () => nowMs);
      assert.deepEqual(tokens.list(), [{ ...kept.token, lastUsedAtMs: nowMs }]);
      const { scopes, rooms } = tokens.authenticate(kept.secret) ?? {};
      assert.deepEqual([[...(scopes ?? [])], [...(rooms ?? [])]], [['rooms:read'], ['a']]);
      assert.equal(tokens.authenticate(gone.secret), undefined);
      nowMs += 1000;
      assert.throws(() => tokens.authenticate(kept.secret), { code: 'TOKEN_EXPIRED' });
    } finally {
      await store.close();
    }
  });
});
