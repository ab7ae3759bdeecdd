import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  type Client,
  connect,
  enrol,
  knock,
  openRoomLink,
  parseRoomLink,
  type RoomLink,
} from '../../../client/sdk/index.ts';
import { CuttableRelay } from '../../../test/support/cuttable-relay.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

describe('the SDK at the door', () => {
  let server: InProcessServer;
  let relay: CuttableRelay;
  let client: Client;
  let turn = 0;
  let roomId = '';
  let made: RoomLink;

  before(async () => {
    relay = await CuttableRelay.open(() => server.signaling.port);
    server = await InProcessServer.start({ 'server.origins': relay.url });
    client = await connect({ url: server.url, identity: await newIdentity(server, { displayName: 'Olga' }) });
  });
  after(async () => {
    await client.close();
    relay.close();
    await server.close();
  });
  beforeEach(async () => {
    turn += 1;
    roomId = `room-${turn}`;
    made = await client.roomLinks.create(roomId);
  });

  const moderator = async () => {
    const host = await ProtocolClient.enter(server.url, await newIdentity(server));
    await host.get('room.join', { roomId });
    return host;
  };
  const linkOf = ({ url }: RoomLink) => {
    const link = parseRoomLink(url ?? '');
    assert.ok(link, `${url}`);
    return link;
  };

  it('makes a link, lists it, opens it, renews it and withdraws it', async () => {
    assert.deepEqual(await client.roomLinks.list(roomId), { links: [made], lobby: 'guests' });
    const opened = await openRoomLink({ serverUrl: server.url, link: linkOf(made) });
    assert.deepEqual([opened.roomId, opened.invitedBy, opened.lobby], [roomId, 'Olga', true]);
    const renewed = await client.roomLinks.renew(made.linkId, { ttlSeconds: 3600 });
    await assert.rejects(openRoomLink({ serverUrl: server.url, link: linkOf(made) }), {
      code: 'LINK_WITHDRAWN',
    });
    await client.roomLinks.withdraw(renewed.linkId);
    assert.deepEqual((await client.roomLinks.list(roomId)).links, []);
  });

  it('opens no link that names another server, and recognises a truncated one', async () => {
    const link = { ...linkOf(made), caFingerprint: Buffer.alloc(32, 1).toString('base64url') };
    await assert.rejects(openRoomLink({ serverUrl: server.url, link }), { code: 'INVITE_MISMATCH' });
    assert.equal(parseRoomLink((made.url ?? '').slice(0, -1)), undefined);
    assert.equal(parseRoomLink(`${server.url}/#/invite/abc.${'a'.repeat(43)}`), undefined);
  });

  it('a newcomer knocks, waits, keeps the place over a lost connection, is admitted and enrols', async () => {
    const host = await moderator();
    const { secret, caFingerprint } = linkOf(made);
    const knocking = await knock({ url: relay.url, secret, displayName: 'Gus' });
    assert.deepEqual(knocking.progress, { ahead: 0, waiting: 1, isOpen: true, hostPresent: true });
    const { person } = await host.event('lobby.waiting');
    const back = new Promise<void>((resolve) => {
      knocking.on('connected', (isConnected) => isConnected && resolve());
    });
    relay.cut();
    await back;
    assert.deepEqual([host.count('lobby.waiting'), host.count('lobby.gone')], [1, 0]);
    await host.get('lobby.admit', { waitIds: [person.waitId] });
    const admission = await knocking.admission;
    assert.equal(admission.roomId, roomId);
    const identity = await enrol({
      serverUrl: server.url,
      secret: admission.secret ?? '',
      caFingerprint,
      displayName: 'Somebody else',
    });
    assert.deepEqual([identity.displayName, identity.roomId], ['Gus', roomId]);
    host.close();
  });

  it('a denied newcomer hears so, and a cancelled knock is over for the moderator', async () => {
    const host = await moderator();
    const { secret } = linkOf(made);
    const denied = await knock({ url: server.url, secret, displayName: 'Mal' });
    const { person } = await host.event('lobby.waiting', (each) => each.person.displayName === 'Mal');
    await host.get('lobby.deny', { waitIds: [person.waitId] });
    await assert.rejects(denied.admission, { code: 'LOBBY_DENIED' });
    const cancelled = await knock({ url: server.url, secret, displayName: 'Gus' });
    await cancelled.cancel();
    await assert.rejects(cancelled.admission, { code: 'CONNECTION_LOST' });
    await host.event('lobby.gone', ({ outcome }) => outcome === 'left');
    const wrong = await knock({ url: server.url, secret: 'nothing', displayName: 'Gus' });
    await assert.rejects(wrong.admission, { code: 'LINK_UNKNOWN' });
    host.close();
  });

  it('someone with an account knocks on their own connection, which stays open', async () => {
    const host = await moderator();
    const guest = await newIdentity(server, { role: 'guest', roomId: 'elsewhere', displayName: 'Zoë' });
    const visitor = await connect({ url: server.url, identity: guest });
    const knocking = await visitor.knock({ secret: linkOf(made).secret });
    const { person } = await host.event('lobby.waiting');
    visitor.reconnect();
    await host.get('lobby.admit', { waitIds: [person.waitId] });
    assert.deepEqual(await knocking.admission, { roomId, secret: undefined });
    assert.equal(visitor.account.displayName, 'Zoë');
    const again = await visitor.knock({ secret: linkOf(made).secret });
    assert.equal((await again.admission).roomId, roomId);
    await visitor.close();
    host.close();
  });
});
