// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { enrol, type Identity, parseInvitation } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import type { TestServer } from '../support/server.ts';

describe('threat 64: names and kicks', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let admin: Identity;
  let member: Identity;
  let guest: Identity;

  before(async () => {
    attacked = await AttackedServer.start({ flags: ['--workers', '1'] });
    server = attacked.server;
    [admin, member, guest] = (await Promise.all([
      newIdentity(server, { role: 'admin', displayName: 'Alice Chief' }),
      newIdentity(server, { role: 'member', displayName: 'Bob' }),
      newIdentity(server, { role: 'guest', roomId: 'lobby', displayName: 'Mallory' }),
    ])) as [Identity, Identity, Identity];
  });
  after(() => attacked.close());

  const seated = async (identity: Identity, displayName?: string) => {
    const client = await ProtocolClient.enter(server.url, identity);
    const joined = await client.get('room.join', { roomId: 'lobby', displayName });
    const own = joined.participants.find(({ participantId }) => participantId === joined.participantId);
    assert.ok(own);
    return { client, own };
  };
  const leave = async (...all: Array<{ client: ProtocolClient }>) => {
    for (const { client } of all) {
      await client.get('room.leave', {});
      client.close();
    }
  };

  it('a participant under a name other than the certified one is shown with both, and with the role', async () => {
    const alice = await seated(admin);
    assert.deepEqual([alice.own.displayName, alice.own.certifiedName], ['Alice Chief', undefined]);
    for (const name of ['Alice Chief', 'Alice\u200b Chief', '\u202eAlice Chief', 'A\u00adlice Chief']) {
      const mallory = await seated(guest, name);
      const { displayName, certifiedName, role } = mallory.own;
      assert.deepEqual([displayName, certifiedName, role], ['Alice Chief', 'Mallory', 'guest']);
      await alice.client.event(
        'participant.joined',
        ({ participant }) => participant.certifiedName === 'Mallory',
      );
      await leave(mallory);
    }
    const mallory = await seated(guest, 'Mallory');
    assert.equal(mallory.own.certifiedName, undefined);
    await leave(mallory, alice);
  });

  it('the name chosen by the inviter is the certified one', async () => {
    const invitation = parseInvitation(await server.invite({ role: 'member', displayName: 'Robert' }));
    assert.ok(invitation);
    const identity = await enrol({ serverUrl: server.url, ...invitation, displayName: 'Alice Chief' });
    assert.equal(identity.displayName, 'Robert');
    const robert = await seated(identity, 'Alice Chief');
    assert.equal(robert.own.certifiedName, 'Robert');
    await leave(robert);
  });

  it('a removed person stays out for a while, with all devices, unless a moderator readmits them', async () => {
    const bob = await seated(member);
    const mallory = await seated(guest);
    await bob.client.get('participant.kick', { participantId: mallory.own.participantId });
    assert.equal(await mallory.client.ended(), 'KICKED');
    const back = await ProtocolClient.enter(server.url, guest);
    assert.equal(await back.refusal('room.join', { roomId: 'lobby' }), 'KICKED');
    assert.equal(
      await back.refusal('participant.readmit', { accountId: mallory.own.accountId }),
      'FORBIDDEN',
    );
    await bob.client.get('participant.readmit', { accountId: mallory.own.accountId });
    await back.get('room.join', { roomId: 'lobby' });
    await leave({ client: back }, bob);
  });

  it('a new invitation to the room readmits, but not one created by the removed person', async () => {
    const alice = await seated(admin);
    const bob = await seated(member);
    const own = await bob.client.get('invite.create', { role: 'guest', roomId: 'lobby' });
    await alice.client.get('participant.kick', { participantId: bob.own.participantId });
    const back = await ProtocolClient.enter(server.url, member);
    assert.equal(await back.refusal('invite.create', { role: 'guest', roomId: 'lobby' }), 'KICKED');
    await back.get('invite.redeem', { secret: own.secret });
    assert.equal(await back.refusal('room.join', { roomId: 'lobby' }), 'KICKED');
    await back.get('room.join', { roomId: 'elsewhere' });
    await back.get('room.leave', {});
    const given = await alice.client.get('invite.create', { role: 'guest', roomId: 'lobby' });
    await back.get('invite.redeem', { secret: given.secret });
    await back.get('room.join', { roomId: 'lobby' });
    await leave({ client: back }, alice);
  });

  it('members do not remove admins', async () => {
    const alice = await seated(admin);
    const bob = await seated(member);
    const { participantId } = alice.own;
    assert.equal(await bob.client.refusal('participant.kick', { participantId }), 'FORBIDDEN');
    await leave(alice, bob);
  });
});
