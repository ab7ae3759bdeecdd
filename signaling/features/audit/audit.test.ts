import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { apiRoutes } from '../../../test/support/api-routes.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import type { AccountInfo } from '../accounts/index.ts';
import type { AuditEntry } from './rest.ts';

const NOBODY = 'a'.repeat(64);

describe('the audit log', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'canopy-audit-'));
  let server: InProcessServer;

  before(async () => {
    server = await InProcessServer.start({ 'data.dir': dataDir });
  });
  after(async () => {
    await server.close();
    rmSync(dataDir, { recursive: true });
  });

  const entries = async (query = '') => {
    const limit = query.includes('limit=') ? '' : 'limit=1000';
    const { status, body } = await server.api('GET', `/api/audit?${limit}${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return (body as { entries: AuditEntry[] }).entries;
  };
  const short = ({ actor, action, outcome }: AuditEntry) =>
    `${actor.kind} ${actor.name} ${action} ${outcome}`;
  const person = async (options: Parameters<typeof newIdentity>[1] = {}) => {
    const identity = await newIdentity(server, options);
    const { body } = await server.api('GET', '/api/accounts?limit=1');
    const [account] = (body as { accounts: AccountInfo[] }).accounts;
    return {
      identity,
      accountId: account?.accountId ?? '',
      client: await ProtocolClient.enter(server.url, identity),
    };
  };

  it('threat 29: every route that changes something records who called it, from where, and the outcome', async () => {
    const all = await apiRoutes(server);
    const routes = all.filter(({ needsKey, method }) => needsKey && method !== 'GET');
    for (const { name, method, path } of routes) {
      const [latest] = await entries('&limit=1');
      await server.api(method, path.replaceAll(/\{\w+\}/g, NOBODY));
      const [entry] = await entries('&limit=1');
      assert.notEqual(entry?.entryId, latest?.entryId, name);
      assert.deepEqual([entry?.actor.kind, entry?.actor.name], ['operator', 'api.key'], name);
      assert.equal(entry?.actor.address, '127.0.0.1');
      assert.match(entry?.action ?? '', /^[a-z]+[A-Za-z]*\.[a-zA-Z]+$|^[A-Z]+ \/api\//, name);
    }
    assert.ok(routes.length > 20, `${routes.length}`);
  });

  it('says what a token did, to whom, without secrets', async () => {
    const made = await server.api('POST', '/api/tokens', {
      name: 'helpdesk',
      scopes: ['accounts:write', 'phones:write', 'rooms:write'],
    });
    const { token, tokenId } = made.body as { token: string; tokenId: string };
    const { accountId } = await person();
    await server.api('POST', `/api/accounts/${accountId}/role`, { role: 'admin' }, token);
    await server.api(
      'PUT',
      '/api/sip/phones/1001',
      { displayName: 'Desk', password: 'a secret of ours' },
      token,
    );
    await server.api('GET', '/api/accounts', undefined, token);
    const [refused, phone, role, ...more] = await entries(`&actorId=${tokenId}`);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [role, phone, refused].map((entry) => entry && short(entry)),
      [
        'token helpdesk account.setRole ok',
        'token helpdesk phone.put ok',
        'token helpdesk GET /api/accounts SCOPE_MISSING',
      ],
    );
    assert.equal(role?.accountId, accountId);
    assert.deepEqual(role?.details, { role: 'admin' });
    assert.deepEqual(phone?.details, { username: '1001', fields: ['displayName', 'password'] });
    await server.api('DELETE', `/api/tokens/${tokenId}`);
    const [revoked] = await entries('&action=token.revoke');
    assert.deepEqual(revoked?.details, { tokenId, name: 'helpdesk' });
    const [created] = await entries('&action=token.create');
    assert.deepEqual([created?.details?.tokenId, created?.details?.name], [tokenId, 'helpdesk']);
    const all = JSON.stringify(await entries());
    assert.ok(!all.includes(token) && !all.includes('a secret of ours'));
  });

  it('says what moderators did, and what was refused', async () => {
    const owner = await person({ displayName: 'Olga' });
    const guest = await person({ displayName: 'Gus' });
    const roomId = 'moderated';
    await owner.client.get('room.join', { roomId });
    const { participantId } = await guest.client.get('room.join', { roomId });
    await owner.client.get('participant.kick', { participantId: participantId ?? '' });
    await owner.client.get('ban.add', { accountId: guest.accountId });
    const about = await entries(`&roomId=${roomId}&actor=account`);
    assert.deepEqual(about.map(short), ['account Olga ban.add ok', 'account Olga participant.kick ok']);
    for (const { actor, accountId } of about) {
      assert.deepEqual(
        [actor.id, actor.deviceId, actor.address, accountId],
        [owner.accountId, owner.identity.deviceId, '127.0.0.1', guest.accountId],
      );
    }
    assert.equal(await owner.client.refusal('invite.create', { role: 'admin' }), 'FORBIDDEN');
    const [refused] = await entries('&outcome=FORBIDDEN');
    assert.equal(refused && short(refused), 'account Olga invite.create FORBIDDEN');
    owner.client.close();
    guest.client.close();
  });

  it('counts failed authentication by address instead of repeating it', async () => {
    for (let n = 0; n < 5; n += 1) {
      await server.api('GET', `/api/rooms?n=${n}`, undefined, `canopy_${n}`);
    }
    const [entry, ...more] = await entries('&action=api.authenticate');
    assert.deepEqual(more, []);
    assert.equal(entry && short(entry), 'stranger null api.authenticate API_KEY_INVALID');
    assert.deepEqual([entry?.count, entry?.actor.address], [5, '127.0.0.1']);
  });

  it('threat 38: text that no database stores, or that reorders a terminal, is not recorded', async () => {
    const odd = encodeURIComponent('a\0b\u202ec');
    await server.api('PUT', `/api/rooms/${odd}/pin`, { pin: '123456' });
    await server.api('DELETE', `/api/sip/phones/${odd}`);
    const [phone, pin] = await entries('&limit=2');
    assert.deepEqual([pin?.action, pin?.outcome, pin?.roomId], ['phonePin.put', 'BAD_REQUEST', 'abc']);
    assert.deepEqual([phone?.action, phone?.details], ['phone.delete', null]);
  });

  it('lists page by page, and by time and action', async () => {
    const all = await entries();
    const pages: AuditEntry[] = [];
    for (let before = ''; ; ) {
      const page = await entries(`&limit=3${before}`);
      pages.push(...page);
      if (page.length < 3) {
        break;
      }
      before = `&before=${page.at(-1)?.entryId}`;
    }
    assert.deepEqual(pages, all);
    const kinds = (await entries('&action=ban.*')).map(({ action }) => action);
    assert.ok(kinds.length > 1 && kinds.every((action) => action.startsWith('ban.')));
    const middle = all[Math.floor(all.length / 2)]?.atMs ?? 0;
    const older = await entries(`&until=${middle}`);
    const newer = await entries(`&since=${middle}`);
    assert.equal(older.length + newer.length, all.length);
    assert.ok(older.every(({ atMs }) => atMs < middle) && newer.every(({ atMs }) => atMs >= middle));
  });

  it('loses nothing when the server closes', async () => {
    await server.api('POST', '/api/rooms', { roomId: 'last-act' });
    await server.close();
    server = await InProcessServer.start({ 'data.dir': dataDir });
    const [entry] = await entries('&roomId=last-act');
    assert.equal(entry?.action, 'room.create');
  });
});
