// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Device } from 'mediasoup-client';
import { createHandlerFactory } from '../../client/node/index.ts';
import { connect } from '../../client/sdk/index.ts';
import { allRead, EncryptedPeople, inOneEpoch } from '../support/encrypted-people.ts';
import { InProcessServer } from '../support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';

describe('an encrypted room', () => {
  let server: InProcessServer;
  let admin: ProtocolClient;
  let people: EncryptedPeople;
  const ROOM = 'encrypted';

  before(async () => {
    server = await InProcessServer.start();
    people = new EncryptedPeople(server);
    admin = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'admin' }));
    await admin.get('room.create', { roomId: ROOM, encryption: 'required' });
  });
  after(async () => {
    await people.close();
    admin.close();
    await server.close();
  });

  it('people hear and see each other, newcomers too, and whoever is left has new keys', async () => {
    const inside = [await people.enter(ROOM), await people.enter(ROOM)];
    await inOneEpoch(inside);
    for (const person of inside) {
      await person.publish();
    }
    await allRead(inside);
    const eve = await people.enter(ROOM);
    inside.push(eve);
    await inOneEpoch(inside);
    await eve.publish();
    await allRead(inside);
    const { code } = eve;
    inside.pop();
    await eve.client.close();
    await inOneEpoch(inside);
    assert.notEqual(inside[0]?.code, code);
    await allRead(inside);
    assert.deepEqual(
      inside.map(({ alarms }) => alarms),
      [[], []],
    );
    assert.deepEqual(
      inside[0]?.room.encryption?.state?.members.map(({ name }) => name),
      ['Ann', 'Ann'],
    );
    for (const { client } of inside) {
      await client.close();
    }
  });

  it('threat 24: a room that is not encrypted as the program was told is left', async () => {
    await assert.rejects(people.enter('clear'), { code: 'ENCRYPTION_INVALID' });
    await assert.rejects(people.enter(ROOM, { encryptionPolicy: 'off' }), {
      code: 'ENCRYPTION_INVALID',
    });
    const handlerFactory = createHandlerFactory();
    const client = await connect({
      url: server.url,
      identity: await newIdentity(server),
      createDevice: () => Device.factory({ handlerFactory }),
    });
    await assert.rejects(client.join(ROOM), { code: 'ENCRYPTION_REQUIRED' });
    await client.close();
  });
});
