import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type RoomAction, roomAction, roomRole } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import {
  MODERATING_PHONE,
  NEWCOMER,
  OPERATOR,
  type PeerPrincipal,
  PHONE,
  type Principal,
  peerPrincipal,
} from '../principals/index.ts';
import { type ActionInRoom, PHRASES, type ServerAction } from './actions.ts';
import { demand, may, type RoomPolicy, roomRoleOf } from './policy.ts';

const person = (role: 'admin' | 'member' | 'guest' | 'bridge', accountId: string = role, isGateway = false) =>
  peerPrincipal(
    { device: { accountId, displayName: accountId } as VerifiedDevice, chain: [], origin: '' },
    { role, isGateway },
  );

const admin = person('admin');
const member = person('member');
const guest = person('guest');
const bridge = person('bridge');
const gateway = person('bridge', 'gateway', true);
const owner = person('member', 'owner');

const unchanged: RoomPolicy = { ownerId: 'owner', permissions: {}, roles: {} };
const EVERYBODY: Record<string, Principal> = {
  admin,
  owner,
  member,
  guest,
  bridge,
  gateway,
  phone: PHONE,
  token: OPERATOR,
};

/** Who may do what in a room whose settings nobody changed. What is about settings is new; the rest is as it always was. */
const IN_ROOM: Record<ActionInRoom, string> = {
  'room.enter': 'admin owner member guest bridge gateway phone token',
  'room.enterUninvited': 'admin owner member bridge gateway token',
  'room.enterBarred': 'admin token',
  'room.open': 'admin owner member guest bridge gateway phone token',
  'room.invite': 'admin owner member token',
  'room.lock': 'admin owner member token',
  'room.enterWithoutPin': 'admin owner member bridge gateway token',
  'room.configure': 'admin owner token',
  'room.handOver': 'admin owner token',
  'room.delete': 'admin owner token',
  'room.setOwner': 'admin token',
  'media.send': 'admin owner member guest bridge gateway phone token',
  'participant.mute': 'admin owner member token',
  'participant.kick': 'admin owner member token',
  'participant.kickAdmin': 'admin token',
  'participant.ban': 'admin owner member token',
  'participant.banOwner': 'admin token',
  'participant.banAdmin': '',
  'participant.banBridge': '',
  'participant.stopVideo': 'admin owner member token',
  'participant.spotlight': 'admin owner member token',
  'media.sendStopped': 'admin owner member token',
  'reaction.send': 'admin owner member guest phone token',
  'participant.readmit': 'admin owner member token',
  'lobby.admit': 'admin owner member token',
  'lobby.skip': 'admin owner bridge gateway token',
  'participant.host': 'bridge gateway',
  'call.dial': 'admin owner member token',
  'hand.raise': 'admin owner member guest phone token',
  'hand.lowerOthers': 'admin owner member token',
  'participant.renameOthers': 'admin owner member token',
  'chat.send': 'admin owner member guest phone token',
  'chat.sendFile': 'admin owner member guest phone token',
  'chat.moderate': 'admin owner member token',
  'chat.readAll': 'admin owner token',
  'poll.create': 'admin owner member token',
  'poll.vote': 'admin owner member guest phone token',
  'recording.control': 'admin owner member token',
  'recording.view': 'admin owner member token',
  'recording.manage': 'admin owner token',
  'captions.control': 'admin owner member token',
  'poll.manage': 'admin owner member token',
  'breakout.manage': 'admin owner member token',
};
const ON_SERVER: Record<ServerAction, string> = {
  'invite.create:admin': 'admin token',
  'invite.create:member': 'admin token',
  'invite.create:guest': 'admin owner member token',
  'invite.create:bridge': 'admin token',
  'room.create': 'admin owner member token',
  'contact.keep': 'admin owner member',
  'person.call': 'admin owner member',
  'number.call': 'admin owner member',
  'phone.keep': 'admin owner member',
  'gateway.register': 'gateway',
  'console.open': 'admin',
  'account.administer': 'token',
  'invitation.administer': 'token',
  'link.administer': 'token',
  'stream.administer': 'token',
  'room.administer': 'token',
  'chat.administer': 'token',
  'recording.administer': 'token',
  'telephony.administer': 'token',
  'call.administer': 'token',
  'token.administer': 'token',
  'audit.administer': 'token',
  'server.administer': 'token',
  'webhook.administer': 'token',
};

const permitted = (isPermitted: (principal: Principal) => boolean) =>
  Object.entries(EVERYBODY)
    .filter(([, principal]) => isPermitted(principal))
    .map(([name]) => name)
    .join(' ');

describe('may', () => {
  it('the default rights in a room are unchanged', () => {
    for (const [action, expected] of Object.entries(IN_ROOM) as Array<[ActionInRoom, string]>) {
      assert.equal(
        permitted((principal) => may(principal, action, unchanged)),
        expected,
        action,
      );
    }
  });

  it('the default rights on the server are unchanged', () => {
    for (const [action, expected] of Object.entries(ON_SERVER) as Array<[ServerAction, string]>) {
      assert.equal(
        permitted((principal) => may(principal, action)),
        expected,
        action,
      );
    }
    assert.deepEqual(
      [...Object.keys(IN_ROOM), ...Object.keys(ON_SERVER)].sort(),
      Object.keys(PHRASES).sort(),
    );
  });

  it('someone without an account stands in a room as a guest does, and may do nothing on the server', () => {
    const room: RoomPolicy = { ...unchanged, permissions: { speaker: ['room.enter', 'call.dial'] } };
    for (const action of Object.keys(IN_ROOM) as ActionInRoom[]) {
      for (const policy of [unchanged, room]) {
        assert.equal(may(NEWCOMER, action, policy), may(guest, action, policy), action);
      }
    }
    for (const action of Object.keys(ON_SERVER) as ServerAction[]) {
      assert.ok(!may(NEWCOMER, action), action);
    }
  });

  it('a stream key gives the rights of a guest or of a viewer in its room, and none on the server', () => {
    const stream = (direction: 'publish' | 'watch'): Principal => {
      const accountId = `stream:${direction}`;
      return { kind: 'stream', direction, accountId, deviceId: accountId, displayName: direction };
    };
    const viewing: RoomPolicy = { ...unchanged, roles: { guest: 'viewer' } };
    for (const action of Object.keys(IN_ROOM) as ActionInRoom[]) {
      assert.equal(may(stream('publish'), action, unchanged), may(guest, action, unchanged), action);
      assert.equal(may(stream('watch'), action, unchanged), may(guest, action, viewing), action);
    }
    for (const action of Object.keys(ON_SERVER) as ServerAction[]) {
      assert.ok(!may(stream('publish'), action) && !may(stream('watch'), action), action);
    }
  });

  it('threat 5: a phone that moderates has the rights of a moderator, and the owner limits them alike', () => {
    const limited: RoomPolicy = { ...unchanged, permissions: { moderator: ['room.enter', 'room.lock'] } };
    for (const action of Object.keys(IN_ROOM) as ActionInRoom[]) {
      for (const room of [unchanged, limited]) {
        assert.equal(may(MODERATING_PHONE, action, room), may(member, action, room), action);
      }
    }
    for (const action of Object.keys(ON_SERVER) as ServerAction[]) {
      assert.equal(may(MODERATING_PHONE, action), may(PHONE, action), action);
    }
    assert.deepEqual(
      [MODERATING_PHONE, PHONE].map((phone) => roomRoleOf(phone, unchanged)),
      ['moderator', 'speaker'],
    );
  });

  it('threat 5: only admins remove an admin', () => {
    for (const [name, principal] of Object.entries(EVERYBODY)) {
      const expected = ['admin', 'token'].includes(name);
      assert.equal(may(principal, 'participant.kick', unchanged, admin), expected, name);
    }
    assert.ok(may(member, 'participant.kick', unchanged, owner));
    assert.ok(may(member, 'participant.kick', unchanged, PHONE));
  });

  it('a refusal says which role lacks which right', () => {
    assert.throws(() => demand(guest, 'participant.mute', unchanged), {
      code: 'FORBIDDEN',
      detail: 'your role in this room (speaker) does not let you mute others',
    });
    assert.throws(() => demand(member, 'invite.create:admin'), {
      code: 'FORBIDDEN',
      detail: 'your role on this server (member) does not let you invite an admin',
    });
  });

  it('settings change what a role may do, and which role an account has', () => {
    const room: RoomPolicy = {
      ownerId: 'owner',
      permissions: { moderator: ['room.enter', 'media.send'], speaker: ['room.enter', 'participant.mute'] },
      roles: { guest: 'moderator', viewer: 'viewer', boss: 'owner', owner: 'viewer', admin: 'viewer' },
    };
    assert.deepEqual([may(member, 'participant.mute', room), may(member, 'media.send', room)], [false, true]);
    assert.deepEqual([may(guest, 'media.send', room), may(guest, 'participant.mute', room)], [true, false]);
    const viewer = person('member', 'viewer');
    assert.deepEqual([may(viewer, 'room.enter', room), may(viewer, 'media.send', room)], [true, false]);
    assert.ok(may(person('member', 'boss'), 'room.configure', room));
    assert.ok(may(person('guest', 'other'), 'participant.mute', room));
    assert.deepEqual([may(PHONE, 'media.send', room), may(PHONE, 'room.enter', room)], [false, true]);
    // What owners cannot choose stays with the roles that have it.
    assert.deepEqual(
      [member, guest, viewer].map((one) => may(one, 'hand.lowerOthers', room)),
      [true, true, false],
    );
    assert.ok(may(viewer, 'hand.raise', room) && may(PHONE, 'hand.raise', room));
    // Neither the owner nor admins can be locked out.
    assert.ok(may(owner, 'room.configure', room) && may(admin, 'participant.mute', room));
    assert.deepEqual(
      [owner, admin, member, guest, viewer, bridge].map((one: PeerPrincipal) => roomRoleOf(one, room)),
      ['owner', 'owner', 'moderator', 'moderator', 'viewer', undefined],
    );
  });

  it('threat 5: in the room of a direct call only its two people have rights, and the same ones', () => {
    const room: RoomPolicy = { ...unchanged, parties: ['member', 'other'] };
    const rights = (principal: Principal) =>
      (Object.keys(IN_ROOM) as ActionInRoom[]).filter((action) => may(principal, action, room));
    assert.deepEqual(rights(member).sort(), [
      'chat.readAll',
      'chat.send',
      'hand.raise',
      'media.send',
      'reaction.send',
      'room.enter',
      'room.enterUninvited',
      'room.open',
    ]);
    assert.deepEqual(rights(person('admin', 'other')), rights(member));
    for (const outsider of [admin, owner, guest, bridge, gateway, PHONE, NEWCOMER, OPERATOR]) {
      assert.deepEqual(rights(outsider), []);
    }
    assert.deepEqual([roomRoleOf(member, room), roomRoleOf(admin, room)], ['speaker', undefined]);
  });

  it('threat 5: a guest owns no room, and an account id that is a property of Object has no role', () => {
    assert.equal(roomRoleOf(person('guest', 'owner'), unchanged), 'speaker');
    assert.equal(roomRoleOf(person('guest', 'constructor'), unchanged), 'speaker');
    assert.equal(roomRoleOf(person('guest', '__proto__'), unchanged), 'speaker');
  });

  it('threat 5: whatever the settings, only owners and admins change them, and they affect neither bridges nor fixed rights', () => {
    const names = ['owner', 'member', 'guest', 'bridge', 'gateway', 'other'];
    const actions = fc.uniqueArray(fc.constantFrom<RoomAction>(...roomAction.options));
    const policy = fc.record({
      ownerId: fc.option(fc.constantFrom(...names)),
      permissions: fc.record({ moderator: actions, speaker: actions, viewer: actions }, { requiredKeys: [] }),
      roles: fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...roomRole.options)),
    });
    fc.assert(
      fc.property(policy, (room: RoomPolicy) => {
        for (const principal of [owner, member, guest, bridge, gateway, PHONE]) {
          const isOwner =
            principal.kind === 'device' &&
            (room.roles[principal.accountId] === 'owner' ||
              (room.ownerId === principal.accountId && principal.role !== 'guest'));
          assert.equal(may(principal, 'room.configure', room), isOwner);
          assert.equal(may(principal, 'room.setOwner', room), false);
          assert.equal(may(principal, 'room.enterBarred', room), false);
          assert.equal(may(principal, 'participant.kick', room, admin), false);
          assert.equal(may(principal, 'participant.host', room), principal.kind === 'bridge');
        }
        for (const action of roomAction.options) {
          assert.ok(may(admin, action, room));
          assert.equal(may(bridge, action, room), may(bridge, action, unchanged));
        }
      }),
    );
  });
});
