import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { enrol, type Identity, parseInvitation, parseRoomLink } from '../../client/sdk/index.ts';
import { InProcessServer } from '../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../test/support/protocol-client.ts';

describe('people who were sent away', () => {
  let server: InProcessServer;
  let ownerIdentity: Identity;
  let owner: ProtocolClient;
  let turn = 0;
  /** Each test has its own room, with its owner inside. */
  let roomId = '';

  before(async () => {
    server = await InProcessServer.start();
    ownerIdentity = await newIdentity(server, { displayName: 'Olga' });
  });
  after(() => server.close());
  beforeEach(async () => {
    owner?.close();
    turn += 1;
    roomId = `room-${turn}`;
    owner = await ProtocolClient.enter(server.url, ownerIdentity);
    await owner.get('room.join', { roomId });
  });

  const someone = async (identity: Identity) => {
    const client = await ProtocolClient.open(server.url);
    const { accountId } = await client.get('auth.prove', await client.proof(identity));
    return { client, accountId };
  };
  const kick = async (client: ProtocolClient) => {
    const { participantId = '' } = await client.get('room.join', { roomId });
    await owner.get('participant.kick', { participantId });
    assert.equal(await client.ended(), 'KICKED');
  };

  it('threat 5: whoever was banned or removed makes neither invitations nor links, and sees none', async () => {
    const limits = { roomId, ttlSeconds: 3600 };
    const { url, linkId } = await owner.get('link.create', limits);
    assert.ok(url);
    const requests = [
      ['invite.create', { role: 'guest', ...limits }],
      ['link.create', limits],
      ['link.list', { roomId }],
      ['link.renew', { linkId, ttlSeconds: 3600 }],
      ['link.withdraw', { linkId }],
      ['room.invitation', { roomId }],
      ['chat.sync', { roomId }],
    ] as const;
    const banned = await someone(await newIdentity(server));
    await owner.get('ban.add', { accountId: banned.accountId });
    const removedIdentity = await newIdentity(server);
    await kick((await someone(removedIdentity)).client);
    const removed = await someone(removedIdentity);
    for (const [name, data] of requests) {
      assert.equal(await banned.client.refusal(name, data), 'BANNED', name);
      assert.equal(await removed.client.refusal(name, data), 'KICKED', name);
    }
    banned.client.close();
    removed.client.close();
  });

  it('threat 64: nobody enters with an invitation that somebody made before they were banned', async () => {
    const { client, accountId } = await someone(await newIdentity(server));
    const invite = async (room: string) => {
      const { secret } = await client.get('invite.create', { role: 'guest', roomId: room, ttlSeconds: 3600 });
      return secret;
    };
    const [secret, elsewhere] = [await invite(roomId), await invite('elsewhere')];
    await owner.get('ban.add', { accountId });
    await assert.rejects(enrol({ serverUrl: server.url, secret }), { code: 'INVITE_EXPIRED' });
    await enrol({ serverUrl: server.url, secret: elsewhere });
    client.close();
  });

  it('threat 5: whoever was removed does not get in by repeating their enrolment', async () => {
    const invitation = parseInvitation(await server.invite({ role: 'guest', roomId, displayName: 'Gus' }));
    assert.ok(invitation);
    const { fetch } = globalThis;
    let repeat: (() => Promise<Response>) | undefined;
    globalThis.fetch = (input, init) => {
      if (String(input).endsWith('/api/enrol')) {
        repeat = () => fetch(input, init);
      }
      return fetch(input, init);
    };
    let identity: Identity;
    try {
      identity = await enrol({ serverUrl: server.url, ...invitation });
    } finally {
      globalThis.fetch = fetch;
    }
    await kick((await someone(identity)).client);
    assert.equal((await repeat?.())?.status, 200);
    const { client } = await someone(identity);
    assert.equal(await client.refusal('room.join', { roomId }), 'KICKED');
    client.close();
  });

  it('threat 5: whoever was removed does not read on in a locked room', async () => {
    const identity = await newIdentity(server);
    const inside = await someone(identity);
    const { participantId = '' } = await inside.client.get('room.join', { roomId });
    await owner.get('room.configure', { roomId, locked: true });
    await owner.get('chat.send', { id: 'message-1', text: 'for everyone' });
    await owner.get('participant.kick', { participantId });
    await owner.get('chat.send', { id: 'message-2', text: 'about them' });
    // As after five minutes.
    await owner.get('participant.readmit', { accountId: inside.accountId });
    const { client } = await someone(identity);
    for (const [name, data] of [
      ['chat.sync', { roomId }],
      ['chat.history', { roomId }],
      ['chat.search', { roomId, query: 'them' }],
    ] as const) {
      assert.equal(await client.refusal(name, data), 'ROOM_LOCKED', name);
    }
    client.close();
  });

  it('threat 64: a banned link lets nobody new in, whatever account they have already', async () => {
    await owner.get('room.configure', { roomId, lobby: 'off' });
    const { url = '' } = await owner.get('link.create', { roomId, ttlSeconds: 3600 });
    const { secret = '' } = parseRoomLink(url ?? '') ?? {};
    const knock = { secret, displayName: 'Mal', key: 'k'.repeat(22) };
    const newcomer = await ProtocolClient.open(server.url);
    const admission = await newcomer.get('lobby.knock', knock);
    assert.ok(admission.status === 'admitted');
    const identity = await enrol({ serverUrl: server.url, secret: admission.secret ?? '' });
    const { accountId, client } = await someone(identity);
    await owner.get('ban.add', { accountId, link: true });
    const other = await someone(await newIdentity(server, { role: 'guest', roomId: 'elsewhere' }));
    assert.equal(await other.client.refusal('lobby.knock', { secret }), 'BANNED');
    newcomer.close();
    client.close();
    other.client.close();
  });

  it('threat 7: entries while bans change succeed or are refused, and nothing else', async () => {
    const { accountId, client } = await someone(await newIdentity(server));
    client.close();
    const clients = await Promise.all(
      Array.from({ length: 6 }, async () => (await someone(await newIdentity(server))).client),
    );
    const changes = Array.from({ length: 20 }, (_, n) =>
      owner.ask(n % 2 === 0 ? 'ban.add' : 'ban.lift', { accountId }),
    );
    const reads = Array.from({ length: 60 }, (_, n) =>
      clients[n % clients.length]?.ask('invite.create', { role: 'guest', roomId, ttlSeconds: 60 }),
    );
    for (const answer of await Promise.all([...changes, ...reads])) {
      assert.ok(answer?.ok, JSON.stringify(answer));
    }
    for (const each of clients) {
      each.close();
    }
  });

  it('threat 5: deleting a room twice at once does not delete the room that somebody else then made', async () => {
    const deletions = [owner.ask('room.delete', { roomId }), owner.ask('room.delete', { roomId })];
    const other = await someone(await newIdentity(server));
    await other.client.get('room.list', { which: 'mine' });
    const codes = (await Promise.all(deletions)).map((answer) => answer.ok || answer.error.code);
    assert.deepEqual(codes, [true, 'ROOM_DELETED']);
    other.client.close();
  });

  it('threat 7: a room locked while somebody’s PIN is being checked stays closed to them', async () => {
    await owner.get('room.configure', { roomId, pin: '246810' });
    const { client } = await someone(await newIdentity(server, { role: 'guest', roomId }));
    const entry = client.ask('room.join', { roomId, pin: '246810' });
    await owner.get('room.configure', { roomId, locked: true });
    const answer = await entry;
    // Either they were in first, or they are out.
    assert.ok(answer.ok || answer.error.code === 'ROOM_LOCKED', JSON.stringify(answer));
    client.close();
  });

  it('threat 4: an account that makes and withdraws one link after the other is soon refused', async () => {
    let code = '';
    for (let n = 0; n < 150 && code === ''; n += 1) {
      const answer = await owner.ask('link.create', { roomId, ttlSeconds: 3600 });
      if (answer.ok) {
        const { linkId } = answer.result as { linkId: string };
        await owner.get('link.withdraw', { linkId });
      } else {
        code = answer.error.code;
      }
    }
    assert.equal(code, 'RATE_LIMITED');
  });

  it('threat 58: a guest who does not know the PIN learns no other way in', async () => {
    const schedule = { startsAt: '2999-01-01T09:00', durationMinutes: 30, timeZone: 'UTC' };
    await owner.get('room.configure', { roomId, pin: '246810', schedule });
    const { client } = await someone(await newIdentity(server, { role: 'guest', roomId }));
    assert.equal(await client.refusal('room.invitation', { roomId }), 'PIN_REQUIRED');
    await client.get('room.join', { roomId, pin: '246810' });
    await client.get('room.invitation', { roomId });
    client.close();
  });

  it('threat 4: an account that sets one PIN after the other delays nobody who signs in', async () => {
    const pins = Array.from({ length: 200 }, (_, n) =>
      owner.ask('room.configure', { roomId, pin: `${100_000 + n}` }),
    );
    const beganMs = performance.now();
    const { client } = await someone(await newIdentity(server));
    const tookMs = performance.now() - beganMs;
    const answers = await Promise.all(pins);
    const set = answers.filter(({ ok }) => ok).length;
    assert.ok(set >= 1 && set <= 10, `${set} set`);
    assert.ok(tookMs < 5000, `${tookMs} ms`);
    client.close();
  });
});
