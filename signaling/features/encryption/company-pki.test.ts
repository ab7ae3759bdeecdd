import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import { Company } from '../../../test/support/company.ts';
import { EncryptedSeat } from '../../../test/support/encrypted-seat.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

const REQUIRED = { encryption: 'required' } as const;

describe('encrypted rooms of a company with its own PKI', () => {
  let server: InProcessServer;
  let company: Company;
  let guest: Identity;
  let turn = 0;

  before(async () => {
    company = await Company.create();
    server = await InProcessServer.start({
      ...company.settings({ lists: true }),
      'limits.requestsPerSecond': 1000,
    });
    guest = await newIdentity(server, { role: 'member' });
  });
  after(async () => {
    await server.close();
    await company.close();
  });

  const person = async (email: string, issuer = company.pki.issuing) => {
    const { pki } = company;
    const leaf = await pki.leaf({ email, subject: email, issuer });
    return {
      leaf,
      identity: await company.identity(server.url, leaf, { issuers: issuer === pki.root ? [] : [issuer] }),
    };
  };
  /** A room that this person has created. */
  const roomOf = async (identity: Identity) => {
    const client = await ProtocolClient.enter(server.url, identity);
    turn += 1;
    const { roomId } = await client.get('room.create', { roomId: `company-${turn}`, ...REQUIRED });
    client.close();
    return roomId;
  };
  const take = (identity: Identity, roomId: string) => EncryptedSeat.take(server.url, identity, roomId);

  it('devices under an issuing authority and under the root itself share a room’s keys', async () => {
    const [ada, bob] = [await person('ada@example.com'), await person('bob@example.com', company.pki.root)];
    const roomId = await roomOf(ada.identity);
    const first = await (await take(ada.identity, roomId)).enterGroup();
    const second = await (await take(bob.identity, roomId)).enterGroup();
    const group = await first.follow(1n);
    assert.deepEqual(await group.code(), await second.current.code());
    assert.deepEqual(
      [...group.members.values()].map(({ name }) => name),
      ['ada@example.com', 'bob@example.com'],
    );
    await Promise.all([first.leave(), second.leave()]);
  });

  it('threat 24: those whom the members cannot judge are refused before they join, whoever created the room', async () => {
    const ada = await person('ada@example.com');
    for (const [owner, other] of [
      [ada.identity, guest],
      [guest, ada.identity],
    ] as const) {
      const roomId = await roomOf(owner);
      const outsider = await ProtocolClient.enter(server.url, other);
      assert.equal(await outsider.refusal('room.join', { roomId, encrypts: true }), 'ENCRYPTION_UNTRUSTED');
      const seat = await (await take(owner, roomId)).enterGroup();
      assert.equal(await outsider.refusal('room.join', { roomId, encrypts: true }), 'ENCRYPTION_UNTRUSTED');
      outsider.close();
      await seat.leave();
    }
  });

  it('a room of nobody is for those who come first, as long as they are in it', async () => {
    const ada = await person('ada@example.com');
    const { status } = await server.api('POST', '/api/rooms', { roomId: 'anyone', ...REQUIRED });
    assert.equal(status, 200);
    const outsider = await ProtocolClient.enter(server.url, guest);
    const first = await (await take(ada.identity, 'anyone')).enterGroup();
    assert.equal(
      await outsider.refusal('room.join', { roomId: 'anyone', encrypts: true }),
      'ENCRYPTION_UNTRUSTED',
    );
    await first.leave();
    outsider.close();
    await (await (await take(guest, 'anyone')).enterGroup()).leave();
  });

  it('threat 24: a phone does not decide whose room it is, and leaves when somebody comes who cannot check its gateway', async () => {
    const ada = await person('ada@example.com');
    const roomId = 'called-first';
    const policy = 'allow-phones';
    assert.equal((await server.api('POST', '/api/rooms', { roomId, encryption: policy })).status, 200);
    const gateway = await newGatewayIdentity(server);
    const phones = await (await EncryptedSeat.take(server.url, gateway, roomId, { policy })).enterGroup();
    const phone = await phones.client.get('participant.add', { displayName: 'Caller', kind: 'phone' });
    const seat = await EncryptedSeat.take(server.url, ada.identity, roomId, { policy });
    assert.equal(await phones.client.ended(), 'ENCRYPTION_UNTRUSTED');
    const { participants, parts, participantId } = seat.joined;
    assert.ok(phone.participantId);
    assert.deepEqual(
      participants.map((each) => each.participantId),
      [participantId],
    );
    assert.equal(parts.encryption.group, null);
    await seat.enterGroup();
    const again = await ProtocolClient.enter(server.url, gateway);
    assert.equal(await again.refusal('room.join', { roomId, encrypts: true }), 'ENCRYPTION_UNTRUSTED');
    again.close();
    await seat.leave();
    // The gateway and those whom the server certifies can check each other.
    const other = await (await EncryptedSeat.take(server.url, gateway, roomId, { policy })).enterGroup();
    const second = await (await EncryptedSeat.take(server.url, guest, roomId, { policy })).enterGroup();
    await other.follow(1n);
    await Promise.all([second.leave(), other.leave()]);
  });

  it('threat 24: members get the company’s lists, and see by themselves who is revoked', async () => {
    const [ada, eve] = [await person('ada@example.com'), await person('eve@example.com')];
    const roomId = await roomOf(ada.identity);
    const first = await (await take(ada.identity, roomId)).enterGroup();
    const second = await (await take(eve.identity, roomId)).enterGroup();
    const member = [...(await first.follow(1n)).members.values()][1];
    assert.ok(member);
    const { judge } = first.member;
    const refresh = async () => {
      const answer = await first.client.get('encryption.revocations', judge.revocations.request);
      await judge.revocations.take(answer, Date.now());
      return answer;
    };
    assert.equal((await refresh()).lists.length, 2);
    assert.equal((await refresh()).lists.length, 0);
    assert.equal(await judge.standingOf(member), 'good');
    await company.revoke([eve.leaf]);
    // The server reads the lists again within seconds.
    await first.client.event('encryption.revoked');
    await refresh();
    assert.equal(await judge.standingOf(member), 'revoked');
    await first.client.event('participant.left');
    second.client.close();
    await first.leave();
  });

  it('threat 24: what the server itself revoked is signed', async () => {
    const [ada, eve] = [await person('ada@example.com'), await person('mallory@example.com')];
    const roomId = await roomOf(ada.identity);
    const first = await (await take(ada.identity, roomId)).enterGroup();
    const second = await (await take(eve.identity, roomId)).enterGroup();
    const member = [...(await first.follow(1n)).members.values()][1];
    assert.ok(member);
    const { status } = await server.api('POST', `/api/accounts/${member.accountId}/revoke`);
    assert.equal(status, 200);
    await first.client.event('encryption.revoked');
    const { revocations } = first.member.judge;
    await revocations.take(await first.client.get('encryption.revocations', revocations.request), Date.now());
    assert.equal(await first.member.judge.standingOf(member), 'revoked');
    second.client.close();
    await first.leave();
  });
});
