import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Participant } from '../../../../contract/index.ts';
import { eventually } from '../../../../test/support/wait.ts';
import type { EncryptionAlarm } from '../encryption-state.ts';
import type { MemberIdentity } from './credential-judge.ts';
import { GroupWatch } from './group-watch.ts';
import type { RoomGroup } from './room-group.ts';

const member = (deviceId: string, isGateway: boolean) =>
  ({ deviceId, accountId: `account of ${deviceId}`, isGateway }) as unknown as MemberIdentity;

const GROUP = {
  ownLeaf: 0,
  members: new Map([
    [0, member('ann', false)],
    [1, member('gateway', true)],
  ]),
} as unknown as RoomGroup;

const participant = (participantId: string, deviceId: string, kind: Participant['kind']): Participant => ({
  ...{ participantId, peerId: deviceId, accountId: `account of ${deviceId}`, deviceId, kind },
  ...{ displayName: participantId, role: 'guest', connected: true },
});

describe('the phone gateway among a group’s members', () => {
  let alarms: EncryptionAlarm[];
  let participants: Participant[];
  let watch: GroupWatch;

  beforeEach(() => {
    alarms = [];
    watch = new GroupWatch({
      participants: () => participants,
      isRevoked: () => false,
      remove: () => {},
      alarm: (alarm) => alarms.push(alarm),
      patienceMs: 20,
    });
  });
  afterEach(() => watch.close());

  it('may be the device of several phones', async () => {
    participants = [participant('Ann', 'ann', 'user'), participant('a', 'gateway', 'phone')];
    participants.push(participant('b', 'gateway', 'phone'));
    watch.check(GROUP);
    // Whoever has no keys raises an alarm: by then, the phones would have done so too.
    participants.push(participant('Eve', 'eve', 'user'));
    watch.check();
    await eventually(
      'the alarm about Eve',
      () => alarms,
      (all) => all.some(({ kind, deviceId }) => kind === 'outside' && deviceId === 'eve'),
    );
    assert.equal(alarms.length, 1);
  });

  it('threat 24: a person on the gateway’s device, and a phone on a person’s, raise an alarm', () => {
    participants = [participant('Ann', 'ann', 'user'), participant('Bob', 'gateway', 'user')];
    watch.check(GROUP);
    assert.deepEqual(
      alarms.map(({ kind, deviceId }) => [kind, deviceId]),
      [['identity', 'gateway']],
    );
    alarms.length = 0;
    participants = [participant('phone', 'ann', 'phone'), participant('a', 'gateway', 'phone')];
    watch.check();
    assert.deepEqual(
      alarms.map(({ kind, deviceId }) => [kind, deviceId]),
      [['identity', 'ann']],
    );
  });
});
