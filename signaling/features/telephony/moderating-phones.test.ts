import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { CanopyError, GatewayLink, type Identity } from '../../../client/sdk/index.ts';
import { newGatewayIdentity } from '../../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

describe('phones that moderate a room', () => {
  let server: InProcessServer;
  let gateway: Identity;
  let member: Identity;
  let link: GatewayLink;
  let turn = 0;
  let roomId: string;

  before(async () => {
    server = await InProcessServer.start();
    [gateway, member] = await Promise.all([
      newGatewayIdentity(server),
      newIdentity(server, { role: 'member' }),
    ]);
    link = await GatewayLink.connect({ url: server.url, identity: gateway });
    await server.api('PUT', '/api/sip/phones/1001', {});
  });
  after(async () => {
    link.close();
    await server.close();
  });
  beforeEach(() => {
    turn += 1;
    roomId = `room-${turn}`;
  });

  const seated = async (identity: Identity) => {
    const client = await ProtocolClient.enter(server.url, identity);
    const { participantId = '' } = await client.get('room.join', { roomId });
    return { client, participantId };
  };
  const add = async (bridge: ProtocolClient, isModerator: boolean) => {
    const phone = { displayName: 'Office', kind: 'phone', pinGiven: true, isModerator } as const;
    return (await bridge.get('participant.add', phone)).participantId;
  };
  const leave = async (...clients: ProtocolClient[]) => {
    for (const client of clients) {
      await client.get('room.leave', {});
      client.close();
    }
  };

  it('are shown as moderators; they lock and unlock the room, mute everyone and call phones', async () => {
    const ann = await seated(member);
    const bridge = await seated(gateway);
    const participantId = await add(bridge.client, true);
    const { participant } = await ann.client.event(
      'participant.joined',
      (joined) => joined.participant.participantId === participantId,
    );
    assert.deepEqual([participant.roomRole, participant.role], ['moderator', 'guest']);
    for (const locked of [true, false]) {
      await bridge.client.get('room.configure', { roomId, participantId, locked });
      await ann.client.event('room.changed', ({ room }) => room.locked === locked);
    }
    const guest = await seated(await newIdentity(server, { role: 'guest', roomId }));
    await bridge.client.get('participant.muteAll', { except: 'moderators', participantId });
    const muted = await guest.client.event('participant.action');
    assert.deepEqual([muted.action, muted.by], ['mute', participantId]);
    assert.equal(ann.client.count('participant.action'), 0);
    const dialled = new Promise<{ target: string; caller?: string | undefined }>((resolve) => {
      link.once('dial', resolve);
    });
    const { callId } = await bridge.client.get('call.dial', { target: '1001', participantId });
    const { target, caller } = await dialled;
    assert.deepEqual([target, caller], ['1001', 'Office']);
    await link.dialFailed(callId, new CanopyError('CALL_FAILED', '486'));
    assert.equal((await bridge.client.event('call.failed')).callId, callId);
    await leave(guest.client, bridge.client, ann.client);
  });

  it('threat 5: other phones, phones of other bridges and phones in other rooms may not', async () => {
    const ann = await seated(member);
    const bridge = await seated(gateway);
    const other = await seated(await newIdentity(server, { role: 'bridge' }));
    const [moderator, phone] = [await add(bridge.client, true), await add(bridge.client, false)];
    const requests = (participantId: string) =>
      [
        ['room.configure', { roomId, participantId, locked: true }],
        ['participant.muteAll', { except: 'me', participantId }],
        ['call.dial', { target: '1001', participantId }],
      ] as const;
    for (const [name, data] of requests(phone)) {
      assert.equal(await bridge.client.refusal(name, data), 'FORBIDDEN', name);
    }
    for (const client of [other.client, ann.client]) {
      for (const [name, data] of requests(moderator)) {
        assert.equal(await client.refusal(name, data), 'PARTICIPANT_UNKNOWN', name);
      }
    }
    const change = { participantId: moderator, locked: true };
    const lock = (data: object) => bridge.client.refusal('room.configure', { roomId, ...change, ...data });
    assert.equal(await lock({ roomId: 'elsewhere' }), 'FORBIDDEN');
    assert.equal(await lock({ title: 'Mine' }), 'FORBIDDEN');
    assert.equal(await lock({ locked: undefined, roles: {} }), 'FORBIDDEN');
    // A phone moderates for as long as it is here.
    await bridge.client.get('participant.remove', { participantId: moderator });
    for (const [name, data] of requests(moderator)) {
      assert.equal(await bridge.client.refusal(name, data), 'PARTICIPANT_UNKNOWN', name);
    }
    await leave(other.client, bridge.client, ann.client);
  });

  it('threat 5: only the gateway says which phones moderate, and they may enter a locked room', async () => {
    const ann = await seated(member);
    const bridge = await seated(gateway);
    const other = await seated(await newIdentity(server, { role: 'bridge' }));
    const phone = { displayName: 'Office', kind: 'phone', pinGiven: true } as const;
    const claim = { ...phone, isModerator: true };
    assert.equal(await other.client.refusal('participant.add', claim), 'FORBIDDEN');
    await ann.client.get('room.configure', { roomId, locked: true });
    assert.equal(await bridge.client.refusal('participant.add', phone), 'ROOM_LOCKED');
    await bridge.client.get('participant.add', claim);
    await leave(other.client, bridge.client, ann.client);
  });

  it('threat 58: have a PIN of their own, which is nobody else’s and shown to nobody', async () => {
    const put = async (room: string, body: object) => {
      const { status, body: answer } = await server.api('PUT', `/api/rooms/${room}/pin`, body);
      return status === 200 ? 200 : (answer as { error: { code: string } }).error.code;
    };
    const number = { pattern: '200', action: { type: 'pin' } };
    await server.api('PUT', '/api/sip/dial-plan', { rules: [number] });
    assert.equal(await put(roomId, { pin: '111111', moderatorPin: '222222' }), 200);
    assert.equal(await put(roomId, { pin: '111111', moderatorPin: '111111' }), 'BAD_REQUEST');
    assert.equal(await put(roomId, { pin: '111111', moderatorPin: '2222' }), 'PIN_TOO_SHORT');
    assert.equal(await put('another', { pin: '222222' }), 'PIN_TAKEN');
    assert.equal(await put('another', { pin: '333333', moderatorPin: '111111' }), 'PIN_TAKEN');
    // Without the field, it stays as it is.
    assert.equal(await put(roomId, { pin: '444444' }), 200);
    const pins = () =>
      link.config.pins
        .filter((each) => each.roomId === roomId)
        .map(({ pin, isModerator }) => [pin, isModerator]);
    const isCurrent = (count: number) => pins().some(([pin]) => pin === '444444') && pins().length === count;
    while (!isCurrent(2)) {
      await new Promise((resolve) => link.once('config', resolve));
    }
    assert.deepEqual(pins(), [
      ['444444', undefined],
      ['222222', true],
    ]);
    assert.equal(await put(roomId, { pin: '444444', moderatorPin: null }), 200);
    while (!isCurrent(1)) {
      await new Promise((resolve) => link.once('config', resolve));
    }
  });
});
