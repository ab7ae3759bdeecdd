import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { linkDevices } from '../../../test/support/linked-device.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

describe('moving a call to another device', () => {
  let server: InProcessServer;

  before(async () => {
    server = await InProcessServer.start();
  });
  after(() => server.close());

  it('takes only the person’s own other devices out of that room', async () => {
    const phone = await newIdentity(server, { displayName: 'Bob' });
    const [laptop] = await linkDevices(phone, 1);
    assert.ok(laptop);
    const enter = async (identity: typeof phone, roomId: string) => {
      const client = await ProtocolClient.enter(server.url, identity);
      await client.get('room.join', { roomId });
      return client;
    };
    const ann = await enter(await newIdentity(server), 'team');
    const old = await enter(phone, 'team');
    const now = await enter(laptop, 'team');
    assert.deepEqual(await now.get('room.moveHere', {}), { devices: 1 });
    assert.equal(await old.ended(), 'CALL_MOVED');
    const { reason } = await ann.event('participant.left');
    assert.equal(reason, 'left');
    const elsewhere = await enter(phone, 'other');
    assert.deepEqual(await now.get('room.moveHere', {}), { devices: 0 });
    assert.ok(elsewhere.open && ann.open);
    const bridge = await enter(await newIdentity(server, { role: 'bridge' }), 'team');
    assert.equal(await bridge.refusal('room.moveHere', {}), 'FORBIDDEN');
    for (const client of [ann, now, elsewhere, bridge]) {
      client.close();
    }
  });
});
