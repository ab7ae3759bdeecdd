import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Config, loadConfig } from '../base/index.ts';
import { InProcessServer } from '../test/support/in-process-server.ts';
import { newIdentity, newPerson, ProtocolClient } from '../test/support/protocol-client.ts';
import { eventually } from '../test/support/wait.ts';
import { type AdminCommand, administer } from './admin.ts';

describe('canopy admin', () => {
  let server: InProcessServer;
  let config: Config;

  before(async () => {
    server = await InProcessServer.start();
    config = loadConfig({ env: {}, flags: { 'data.dir': server.dataDir } });
  });
  after(() => server.close());

  const admin = (command: AdminCommand, ...args: string[]) =>
    administer(config, command, args, { url: server.url });

  it('shows the state of the server', async () => {
    const status = await admin('status');
    assert.match(status, /^rooms \d+, people and phones in them \d+, connections \d+$/m);
    assert.match(status, /^worker 0: CPU .*, process \d+$/m);
    assert.match(status, /^disk \(data\): [\d.]+ [MG]B of [\d.]+ [MG]B free$/m);
  });

  it('lists rooms with their people, removes people by name, and closes rooms', async () => {
    const enter = async (displayName: string) => {
      const client = await ProtocolClient.enter(server.url, await newIdentity(server, { displayName }));
      await client.get('room.join', { roomId: 'den', displayName });
      return client;
    };
    const [eve, kim] = [await enter('Eve'), await enter('Kim')];
    assert.match(await admin('rooms'), /^den: 2\n {2}[0-9a-f]{8} {2}Eve {2}muted {2}since /m);
    assert.equal(await admin('allocation', 'den'), 'Nobody receives media.\n');
    await assert.rejects(admin('remove', 'den', 'Nobody'), /Nobody is not an id/);
    assert.equal(await admin('remove', 'den', 'Eve'), 'Eve is removed from den.\n');
    await eventually('Eve is out', () => !eve.open);
    assert.match(await admin('close', 'den'), /^The meeting in den has ended\. Connections in it: 1\.$/m);
    await eventually('Kim is out', () => !kim.open);
    await assert.rejects(admin('close', 'den'), { code: 'ROOM_UNKNOWN' });
  });

  it('removes phones only with --yes, withdraws invitations, and changes roles', async () => {
    await server.api('PUT', '/api/sip/phones/1001', { displayName: 'Reception' });
    assert.equal(await admin('phones'), '1001  Reception\n');
    await assert.rejects(admin('remove-phone', '1001'), /add --yes/);
    const removed = await administer(config, 'remove-phone', ['1001'], { url: server.url, yes: true });
    assert.equal(removed, 'The phone 1001 is removed.\n');
    assert.equal(await admin('phones'), 'There are no phones.\n');
    await server.invite({ displayName: 'Max' });
    const listed = await admin('invitations');
    assert.match(listed, /^[0-9a-f]{8} {2}member {2}Max {2}until /);
    assert.equal(await admin('withdraw', listed.slice(0, 8)), 'The invitation is withdrawn.\n');
    assert.equal(await admin('invitations'), 'There are no open invitations.\n');
    const { accountId } = await newPerson(server, { displayName: 'Lee' });
    assert.equal(await admin('role', accountId, 'guest'), 'Lee is guest now.\n');
    for (const list of ['calls', 'recordings', 'trunks'] as const) {
      assert.match(await admin(list), /^(?:There are no|Nothing has been)/, list);
    }
  });
});
