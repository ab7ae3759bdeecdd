import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { RoomChange } from '../../../contract/index.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

describe('what people may do in a room', () => {
  let server: InProcessServer;
  let turn = 0;
  /** Each test has its own room. */
  let roomId = '';

  before(async () => {
    server = await InProcessServer.start({ 'sip.enabled': false });
  });
  after(() => server.close());
  beforeEach(() => {
    turn += 1;
    roomId = `room-${turn}`;
  });

  const enter = async (options: Parameters<typeof newIdentity>[1] = {}) => {
    const client = await ProtocolClient.enter(server.url, await newIdentity(server, options));
    const { parts, participants, participantId } = await client.get('room.join', { roomId });
    const accountId = participants.find((each) => each.participantId === participantId)?.accountId ?? '';
    return { client, accountId, rights: parts.rights };
  };
  const configure = (change: RoomChange) => server.api('PATCH', `/api/rooms/${roomId}/settings`, change);

  it('comes with the snapshot, by role', async () => {
    const olga = await enter();
    const gus = await enter({ role: 'guest', roomId });
    for (const action of ['room.invite', 'room.lock', 'participant.kick'] as const) {
      assert.deepEqual([olga.rights.includes(action), gus.rights.includes(action)], [true, false], action);
    }
    for (const action of ['room.enter', 'media.send', 'chat.send'] as const) {
      assert.deepEqual([olga.rights.includes(action), gus.rights.includes(action)], [true, true], action);
    }
    olga.client.close();
    gus.client.close();
  });

  it('is sent when a role, its permissions or the role on the server changes, and only to those concerned', async () => {
    const olga = await enter();
    const max = await enter();
    await configure({ permissions: { moderator: ['room.enter', 'room.invite'] } });
    assert.deepEqual((await max.client.event('room.rights')).rights, ['room.enter', 'room.invite']);
    await configure({ roles: { [max.accountId]: 'viewer' } });
    await max.client.event(
      'room.rights',
      ({ rights }) => rights.includes('chat.send') && !rights.includes('media.send'),
    );
    await server.api('POST', `/api/accounts/${max.accountId}/role`, { role: 'admin' });
    await max.client.event('room.rights', ({ rights }) => rights.includes('room.lock'));
    assert.equal(max.client.count('room.rights'), 3);
    assert.equal(olga.client.count('room.rights'), 0);
    olga.client.close();
    max.client.close();
  });

  it('a guest who may invite to the room cannot, since inviting makes accounts', async () => {
    await configure({ permissions: { speaker: ['room.enter', 'room.open', 'room.invite', 'room.lock'] } });
    const gus = await enter({ role: 'guest', roomId });
    assert.deepEqual(gus.rights, ['room.enter', 'room.open', 'room.lock']);
    assert.equal(await gus.client.refusal('invite.create', { role: 'guest', roomId }), 'FORBIDDEN');
    gus.client.close();
  });

  it('includes calling phones once the server has a phone gateway', async () => {
    const before = await enter();
    assert.ok(!before.rights.includes('call.dial'));
    const gateway = await ProtocolClient.enter(server.url, await newGatewayIdentity(server));
    await gateway.get('gateway.register', { callIds: [] });
    // Those inside learn of it too.
    await before.client.event('room.rights', ({ rights }) => rights.includes('call.dial'));
    const after = await enter();
    assert.ok(after.rights.includes('call.dial'));
    for (const client of [before.client, after.client, gateway]) {
      client.close();
    }
  });
});
