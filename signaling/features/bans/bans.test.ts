import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { linkDevices } from '../../../test/support/linked-device.ts';
import { newPerson, ProtocolClient, type Someone } from '../../../test/support/protocol-client.ts';
import { openStore } from '../../store/index.ts';
import { MIGRATIONS } from '../migrations.ts';
import { BanRecords } from './ban-records.ts';
import type { Ban } from './rest.ts';

describe('bans', () => {
  let server: InProcessServer;
  let owner: Someone;
  let admin: Someone;
  let turn = 0;
  /** Each test has its own room. */
  let roomId = '';

  before(async () => {
    server = await InProcessServer.start();
    [owner, admin] = await Promise.all([
      person({ displayName: 'Olga' }),
      person({ role: 'admin', displayName: 'Ada' }),
    ]);
  });
  after(() => server.close());
  beforeEach(() => {
    turn += 1;
    roomId = `room-${turn}`;
  });

  const person = (options: Parameters<typeof newPerson>[1]) => newPerson(server, options);
  const guest = () => person({ role: 'guest', roomId, displayName: 'Gus' });
  const connect = ({ identity }: Someone) => ProtocolClient.enter(server.url, identity);
  const enter = async (someone: Someone) => {
    const client = await connect(someone);
    await client.get('room.join', { roomId });
    return client;
  };
  const refusalOf = async (someone: Someone) => {
    const client = await connect(someone);
    const code = await client.refusal('room.join', { roomId });
    client.close();
    return code;
  };
  const api = async <T>(method: string, path = '', body?: unknown, status = 200) => {
    const answer = await server.api(method, `/api/rooms/${roomId}/bans${path}`, body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    return answer.body as T;
  };
  const close = (...clients: ProtocolClient[]) => {
    for (const client of clients) {
      client.close();
    }
  };

  it('a banned account leaves at once on all devices, and stays out until the ban is lifted', async () => {
    const olga = await enter(owner);
    const gus = await guest();
    const [identity] = await linkDevices(gus.identity, 1);
    assert.ok(identity);
    const second = { ...gus, identity };
    const [first, other] = [await enter(gus), await enter(second)];
    const beganMs = Date.now();
    await olga.get('ban.add', { accountId: gus.accountId });
    for (const client of [first, other]) {
      assert.equal(await client.ended(), 'BANNED');
    }
    await olga.event('ban.changed');
    assert.equal(await refusalOf(gus), 'BANNED');
    assert.equal(await refusalOf(second), 'BANNED');
    const { bans } = await olga.get('ban.list', {});
    const [{ bannedAtMs = 0, ...ban } = {}] = bans;
    assert.ok(bannedAtMs >= beganMs && bannedAtMs <= Date.now());
    assert.deepEqual(ban, {
      accountId: gus.accountId,
      displayName: 'Gus',
      bannedBy: { accountId: owner.accountId, displayName: 'Olga' },
      link: false,
    });
    await olga.get('ban.lift', { accountId: gus.accountId });
    await olga.get('ban.lift', { accountId: gus.accountId });
    assert.deepEqual(await olga.get('ban.list', {}), { bans: [] });
    close(olga, await enter(gus), await enter(second));
  });

  it('threat 64: neither readmission, a new link nor an empty room lifts a ban', async () => {
    const olga = await enter(owner);
    const gus = await guest();
    await olga.get('ban.add', { accountId: gus.accountId });
    await olga.get('participant.readmit', { accountId: gus.accountId });
    const { secret } = await olga.get('invite.create', { role: 'guest', roomId });
    const client = await connect(gus);
    await client.get('invite.redeem', { secret });
    assert.equal(await client.refusal('room.join', { roomId }), 'BANNED');
    await olga.get('room.leave', {});
    assert.equal(await client.refusal('room.join', { roomId }), 'BANNED');
    assert.equal((await api<{ bans: Ban[] }>('GET')).bans.length, 1);
    // Other rooms are not affected.
    const ada = await connect(admin);
    const elsewhere = await ada.get('invite.create', { role: 'guest', roomId: `${roomId}-b` });
    await client.get('invite.redeem', { secret: elsewhere.secret });
    await client.get('room.join', { roomId: `${roomId}-b` });
    close(olga, ada, client);
  });

  it('threat 64: whoever enters just then does not slip through', async () => {
    const olga = await enter(owner);
    const gus = await guest();
    const client = await connect(gus);
    const [joining] = await Promise.all([
      client.ask('room.join', { roomId }),
      olga.get('ban.add', { accountId: gus.accountId }),
    ]);
    if (joining.ok) {
      assert.equal(await client.ended(), 'BANNED');
    } else {
      assert.ok(['BANNED', 'KICKED'].includes(joining.error.code));
    }
    assert.equal(await refusalOf(gus), 'BANNED');
    close(olga, client);
  });

  it('threat 64: with the link, nobody new comes by it; those who came before stay', async () => {
    const olga = await enter(owner);
    const gus = await guest();
    const friend = await guest();
    // As a link for many people does: all accounts that enrolled with it name it.
    const database = new Database(join(server.dataDir, 'canopy.sqlite'));
    const update = database.prepare(
      'UPDATE accounts SET invitation = ?, created_at_ms = ? WHERE account_id = ?',
    );
    const via = (accountId: string, createdAtMs: number) =>
      update.run('a'.repeat(64), createdAtMs, accountId);
    via(gus.accountId, Date.now() - 2000);
    via(friend.accountId, Date.now() - 1000);
    const inside = await enter(friend);
    await olga.get('ban.add', { accountId: gus.accountId, link: true });
    const alias = await guest();
    via(alias.accountId, Date.now() + 1000);
    assert.equal(await refusalOf(alias), 'BANNED');
    await inside.get('room.leave', {});
    await inside.get('room.join', { roomId });
    await olga.get('ban.lift', { accountId: gus.accountId });
    database.close();
    close(olga, inside, await enter(alias));
  });

  it('threat 64: takes away the role in the room and the links to it, for good', async () => {
    const olga = await enter(owner);
    const max = await person({ displayName: 'Max' });
    await olga.get('room.configure', { roomId, roles: { [max.accountId]: 'moderator' }, locked: true });
    const client = await enter(max);
    const link = await client.get('link.create', { roomId });
    const elsewhere = await client.get('link.create', { roomId: `${roomId}-b` });
    await olga.get('ban.add', { accountId: max.accountId });
    assert.deepEqual((await olga.get('link.list', { roomId })).links, []);
    assert.deepEqual((await olga.get('room.configure', { roomId })).roles, {});
    await olga.get('ban.lift', { accountId: max.accountId });
    const again = await connect(max);
    assert.equal(await again.refusal('room.configure', { roomId, locked: false }), 'FORBIDDEN');
    assert.equal(await again.refusal('room.join', { roomId }), 'ROOM_LOCKED');
    assert.equal(await olga.refusal('link.renew', { linkId: link.linkId }), 'LINK_WITHDRAWN');
    await again.get('link.withdraw', { linkId: elsewhere.linkId });
    close(olga, again);
  });

  it('threat 5: the list has the name that people saw in the room, not the certified one', async () => {
    const olga = await enter(owner);
    const [gus, kim] = [await guest(), await person({ displayName: 'Kim Certified' })];
    await olga.get('ban.add', { accountId: gus.accountId, displayName: 'Gus, who left' });
    await olga.get('ban.add', { accountId: kim.accountId });
    const { bans } = await olga.get('ban.list', {});
    assert.deepEqual(bans.map(({ displayName }) => displayName).sort(), ['', 'Gus, who left']);
    close(olga);
  });

  it('threat 4: an account changes at most 60 bans at once', async () => {
    const hasty = await person({ displayName: 'Hasty' });
    const client = await enter(hasty);
    const codes = await Promise.all(
      Array.from({ length: 70 }, () => client.ask('ban.lift', { accountId: owner.accountId })),
    );
    const refused = codes.flatMap((answer) => (answer.ok ? [] : [answer.error.code]));
    assert.ok(refused.length >= 5 && refused.every((code) => code === 'RATE_LIMITED'), refused.join());
    close(client);
  });

  it('threat 5: guests neither ban nor see bans; admins cannot be banned, and owners only by admins', async () => {
    const olga = await enter(owner);
    const max = await person({ displayName: 'Max' });
    const member = await enter(max);
    const gus = await guest();
    const client = await enter(gus);
    const { accountId } = max;
    for (const [name, data] of [
      ['ban.add', { accountId }],
      ['ban.lift', { accountId }],
      ['ban.list', {}],
    ] as const) {
      assert.equal(await client.refusal(name, data), 'FORBIDDEN', name);
    }
    const ada = await enter(admin);
    for (const moderator of [member, olga, ada]) {
      assert.equal(await moderator.refusal('ban.add', { accountId: admin.accountId }), 'FORBIDDEN');
    }
    assert.equal(await member.refusal('ban.add', { accountId: owner.accountId }), 'FORBIDDEN');
    const phones = await person({ role: 'bridge' });
    assert.equal(await ada.refusal('ban.add', { accountId: phones.accountId }), 'FORBIDDEN');
    assert.equal(await ada.refusal('ban.add', { accountId: '0'.repeat(64) }), 'IDENTITY_UNKNOWN');
    await api('POST', '', { accountId: admin.accountId }, 403);
    assert.deepEqual(await ada.get('ban.list', {}), { bans: [] });
    await ada.get('ban.add', { accountId: owner.accountId });
    assert.equal(await olga.ended(), 'BANNED');
    close(member, client, ada);
  });

  it('the bans of a deleted account go, except those of its link, and so does what names it', async () => {
    const olga = await enter(owner);
    const [gus, eve] = [await guest(), await guest()];
    await olga.get('ban.add', { accountId: gus.accountId });
    await olga.get('ban.add', { accountId: eve.accountId, link: true });
    const store = await openStore(server.dataDir, { migrations: MIGRATIONS });
    const records = new BanRecords(store);
    for (const { accountId } of [gus, eve, owner]) {
      await records.forgetAccount(accountId);
    }
    const rows = [...(await records.of(roomId)).values()];
    assert.deepEqual(
      rows.map((row) => [row.account_id, row.display_name, row.banned_by, row.invitation !== null]),
      [[eve.accountId, '', null, true]],
    );
    await store.close();
    close(olga);
  });

  it('the operator bans, lists and lifts, whether or not the room is open', async () => {
    const gus = await guest();
    await api('POST', '', { accountId: gus.accountId });
    const { bans } = await api<{ bans: Ban[] }>('GET');
    assert.deepEqual(
      bans.map(({ displayName, bannedBy }) => [displayName, bannedBy]),
      [['Gus', null]],
    );
    assert.equal(await refusalOf(gus), 'BANNED');
    await api('DELETE', `/${gus.accountId}`);
    const client = await enter(gus);
    await api('POST', '', { accountId: gus.accountId });
    assert.equal(await client.ended(), 'BANNED');
    await api('POST', '', { accountId: '0'.repeat(64) }, 404);
  });
});
