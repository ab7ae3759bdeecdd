import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { EventData } from '../../../../contract/index.ts';
import { CanopyError } from '../../../../contract/light.ts';
import { deviceMember } from '../../../../contract/sframe/index.ts';
import { TestDeployment, type TestDevice } from '../../../../test/support/encrypted-devices.ts';
import { GroupRelay, type RelayedPerson } from '../../../../test/support/group-relay.ts';
import { eventually } from '../../../../test/support/wait.ts';
// biome-ignore lint/plugin: what media does with the keys
import { FrameOpener, FrameSealer, type MediaKeys } from '../media/frame-cipher.ts';
// biome-ignore lint/plugin: the same
import { mediaKeys } from '../media/media-keys.ts';

let deployment: TestDeployment;
before(async () => {
  deployment = await TestDeployment.create();
});
after(() => deployment.close());

let relay: GroupRelay;
beforeEach(() => {
  relay = new GroupRelay(deployment);
});

afterEach(() => relay.close());

/** So many people who are in the group together. */
async function together(count: number): Promise<RelayedPerson[]> {
  for (let i = 0; i < count; i += 1) {
    await relay.enter(`Person ${i}`);
    await relay.settled();
  }
  return [...relay.people];
}

/** An epoch's base key, of the one that a person is in. */
const keyOf = ({ keys }: RelayedPerson) =>
  Buffer.from(keys.at(-1)?.baseKeys.AES_128_GCM_SHA256_128 ?? []).toString('hex');

describe('a device in a room’s group', () => {
  it('gives media the same keys as everybody else’s, and others after each change', async () => {
    const people = await together(3);
    assert.equal(new Set(people.map(keyOf)).size, 1);
    const [ann, bob, eve] = people as [RelayedPerson, RelayedPerson, RelayedPerson];
    assert.deepEqual(
      ann.keys.map(({ epoch }) => epoch),
      [0n, 1n, 2n],
    );
    assert.deepEqual(
      eve.keys.map(({ epoch }) => epoch),
      [2n],
    );
    assert.equal(new Set(ann.keys.map(({ ownLeaf }) => ownLeaf)).size, 1);
    assert.deepEqual(
      bob.session.state.members.map(({ name }) => name),
      ['Person 0', 'Person 1', 'Person 2'],
    );
    assert.deepEqual(
      [ann, bob, eve].flatMap(({ alarms }) => alarms),
      [],
    );
  });

  it('25 who come at once are all in, by a few commits', async () => {
    const devices = await Promise.all(Array.from({ length: 25 }, (_, i) => deployment.device(`Person ${i}`)));
    await Promise.all(devices.map((device, i) => relay.enter(`Person ${i}`, { device })));
    await relay.settled();
    assert.equal(new Set(relay.people.map(keyOf)).size, 1);
    const { epoch = 0 } = relay.delivery.group ?? {};
    assert.ok(epoch <= 12, `${epoch} epochs`);
  });

  it('whoever leaves is taken out, and gets no further keys', async () => {
    const [ann, bob, eve] = (await together(3)) as [RelayedPerson, RelayedPerson, RelayedPerson];
    // Even if the device goes on listening.
    relay.leave(eve, { silently: true });
    await relay.settled([ann, bob]);
    assert.equal(keyOf(ann), keyOf(bob));
    assert.notEqual(keyOf(eve), keyOf(ann));
    assert.equal(eve.keys.at(-1)?.epoch, 2n);
    eve.session.close();
  });

  it('if the member with the lowest leaf does not take out whoever left, the next does', async () => {
    const [ann, bob, eve, dan] = (await together(4)) as [
      RelayedPerson,
      RelayedPerson,
      RelayedPerson,
      RelayedPerson,
    ];
    // Connected, but dead.
    ann.session.close();
    relay.leave(dan);
    await relay.settled([bob, eve], 3);
  });

  it('many who leave at once are taken out together', async () => {
    const people = await together(5);
    for (const person of people.slice(2)) {
      relay.leave(person);
    }
    await relay.settled(people.slice(0, 2));
  });

  it('a device that was away catches up by itself', async () => {
    const [ann, bob, eve] = (await together(3)) as [RelayedPerson, RelayedPerson, RelayedPerson];
    relay.tamper = (name, data, to) => (to === bob && name === 'encryption.committed' ? undefined : data);
    relay.leave(eve);
    await relay.settled([ann], 2);
    relay.tamper = (_name, data) => data;
    const { groupId = '', epoch = 0 } = relay.delivery.group ?? {};
    bob.session.entered({ policy: 'required', group: { groupId, epoch } });
    await relay.settled([ann, bob]);
    assert.deepEqual(
      bob.keys.map((keys) => keys.epoch),
      [1n, 2n, 3n],
    );
  });

  it('the first person back creates a new group when the server has lost the old one', async () => {
    const people = await together(2);
    const old = keyOf(people[0] as RelayedPerson);
    relay.forgetGroup();
    for (const { session } of people) {
      session.entered({ policy: 'required', group: null });
    }
    await eventually(
      'new keys',
      () => people.map(keyOf),
      (keys) => keys[0] === keys[1] && keys[0] !== old,
    );
    await relay.settled();
    assert.deepEqual(
      people.flatMap(({ alarms }) => alarms),
      [],
    );
  });

  it('threat 24: a device that has the keys but is not listed as present raises an alarm', async () => {
    relay.rosterMs = 1000;
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    const ghost = await relay.enter('Ghost', { hidden: true });
    // The server refuses to take it out, as it knows that it is there.
    await relay.settled();
    assert.equal(await ann.alarm('stranger'), ghost.peer.deviceId);
    assert.equal(await bob.alarm('stranger'), ghost.peer.deviceId);
    assert.ok(ann.session.state.members.some(({ name }) => name === 'Ghost'));
  });

  it('threat 24: a device that the server passes off as somebody else’s raises an alarm', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    Object.assign(bob.participant, { accountId: ann.participant.accountId });
    ann.session.rosterChanged();
    assert.equal(await ann.alarm('identity'), bob.peer.deviceId);
  });

  it('threat 43: a member whose certificate has expired raises an alarm, and keeps nobody out', async (t) => {
    await together(1);
    const [short] = await deployment.devices('Short', 1, 3600);
    const bob = await relay.enter('Short', { device: short as TestDevice });
    await relay.settled();
    const device = await deployment.device('Eve');
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3 * 3600_000 });
    const eve = await relay.enter('Eve', { device });
    await relay.settled();
    assert.equal(await eve.alarm('expired'), bob.peer.deviceId);
  });

  it('threat 24: a device that the server lists and hides by turns raises an alarm all the same', async () => {
    relay.rosterMs = 1000;
    const [ann] = (await together(2)) as [RelayedPerson];
    const ghost = await relay.enter('Ghost');
    await relay.settled();
    const turn = setInterval(() => {
      if (!relay.hidden.delete(ghost)) {
        relay.hidden.add(ghost);
      }
      ann.session.rosterChanged();
    }, 200);
    try {
      assert.equal(await ann.alarm('stranger'), ghost.peer.deviceId);
    } finally {
      clearInterval(turn);
    }
  });

  it('threat 24: a participant whose device the server takes away raises an alarm at once', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    const { deviceId } = bob.peer;
    Object.assign(bob.participant, { deviceId: undefined });
    ann.session.rosterChanged();
    assert.deepEqual(ann.alarms, ['identity']);
    assert.equal(await ann.alarm('identity'), deviceId);
  });

  it('threat 24: a participant that the server lists without a device raises an alarm', async () => {
    relay.rosterMs = 1000;
    const [ann] = (await together(1)) as [RelayedPerson];
    const listed = await relay.enter('Nobody', { idle: true });
    Object.assign(listed.participant, { deviceId: undefined });
    ann.session.rosterChanged();
    await ann.alarm('outside');
  });

  it('threat 24: a device that the server lists for two people raises an alarm', async () => {
    relay.rosterMs = 1000;
    const device = await deployment.device('Bob');
    const [ann] = (await together(1)) as [RelayedPerson];
    const bob = await relay.enter('Bob', { device });
    await relay.settled();
    await relay.enter('Copy', { device, idle: true });
    assert.equal(await ann.alarm('identity'), bob.peer.deviceId);
  });

  it('threat 24: somebody who is listed as present but has no keys raises an alarm', async () => {
    relay.rosterMs = 1000;
    const [ann] = (await together(1)) as [RelayedPerson];
    const listed = await relay.enter('Nobody', { idle: true });
    assert.equal(await ann.alarm('outside'), listed.peer.deviceId);
  });

  it('threat 43: a message that the server changed raises an alarm, and the device rejoins', async () => {
    const [ann, bob, eve] = (await together(3)) as [RelayedPerson, RelayedPerson, RelayedPerson];
    relay.tamper = (name, data, to) => {
      if (to !== bob || name !== 'encryption.committed') {
        return data;
      }
      const { commit } = data as EventData<'encryption.committed'>;
      const bytes = Buffer.from(commit, 'base64');
      bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
      return { ...data, commit: bytes.toString('base64') };
    };
    relay.leave(eve);
    await bob.alarm('forged');
    relay.tamper = (_name, data) => data;
    await relay.settled([ann, bob]);
  });

  it('threat 43: media goes on with the new group’s keys when the server has created another', async () => {
    const people = await together(3);
    const origin = { codec: 'opus', source: 'microphone' } as const;
    const [ann, bob] = people as [RelayedPerson, RelayedPerson];
    const rings = new Map(people.map((person) => [person, mediaKeys()]));
    const replay = () => {
      for (const [person, ring] of rings) {
        for (const keys of person.keys) {
          ring.setEpoch(keys);
        }
      }
    };
    replay();
    relay.forgetGroup();
    for (const { session } of people) {
      session.entered({ policy: 'required', group: null });
    }
    await eventually(
      'new keys',
      () => people.map(({ keys }) => keys.at(-1)?.groupId),
      (ids) => new Set(ids).size === 1 && ids[0] !== ann.keys[0]?.groupId,
    );
    await relay.settled();
    // Carl has never had keys of the old group.
    const carl = await relay.enter('Carl');
    await relay.settled();
    rings.set(carl, mediaKeys());
    replay();
    const sealed = await new FrameSealer(rings.get(bob) as MediaKeys, origin).seal(
      new Uint8Array(80).fill(7),
    );
    assert.ok(sealed);
    for (const person of [ann, carl]) {
      const opener = new FrameOpener(
        rings.get(person) as MediaKeys,
        origin,
        deviceMember(bob.peer.deviceId),
        () => {},
      );
      assert.deepEqual(await opener.open(sealed), new Uint8Array(80).fill(7));
    }
    for (const ring of rings.values()) {
      ring.close();
    }
  });

  it('threat 24: a revoked member is taken out by the others, who drop its frames, although the server lists it as present', async () => {
    const [ann, bob, eve] = (await together(3)) as [RelayedPerson, RelayedPerson, RelayedPerson];
    const { accountId, deviceId = '' } = eve.participant;
    const before = bob.keys.length;
    const signed = await deployment.revoked(accountId);
    relay.revocations = async () => signed;
    // The server still lists Eve, and refuses to remove anybody who is in the room.
    relay.send('encryption.revoked', {}, [ann, bob]);
    for (const person of [ann, bob]) {
      assert.equal(await person.alarm('revoked'), deviceId);
      await eventually(
        'dropped frames',
        () => [...(person.keys.at(-1)?.members.values() ?? [])],
        (members) => !members.includes(deviceMember(deviceId)),
      );
    }
    assert.equal(bob.keys.at(-1)?.epoch, bob.keys[before - 1]?.epoch);
    // An honest server ends the seat.
    relay.leave(eve);
    await relay.settled([ann, bob]);
  });

  it('threat 24: whoever knows of a revoked member sends nothing if the server keeps it in the group', async () => {
    relay.rosterMs = 500;
    const [ann, , eve] = (await together(3)) as [RelayedPerson, RelayedPerson, RelayedPerson];
    const signed = await deployment.revoked(eve.participant.deviceId ?? '');
    relay.revocations = async () => signed;
    ann.session.revoked();
    await eventually(
      'no keys',
      () => [ann.session.state.state, ann.keys.length] as const,
      ([state, keys]) => state === 'failed' && keys === 0,
    );
  });

  it('threat 24: nobody is taken for revoked because the server says so without a signature of the deployment', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    const other = await TestDeployment.create();
    const { deviceId = '' } = bob.participant;
    const forged = await other.revoked(deviceId);
    const genuine = await deployment.revoked(bob.participant.accountId.replace(/./g, '0'));
    const asked: string[] = [];
    const answers = [forged, { ...genuine, revoked: { ...genuine.revoked, ids: [deviceId] } }];
    relay.revocations = async () => {
      asked.push('asked');
      return (answers.shift() ?? { lists: [] }) as typeof forged;
    };
    ann.session.revoked();
    ann.session.revoked();
    ann.session.revoked();
    await eventually(
      'three answers',
      () => asked.length,
      (count) => count >= 3,
    );
    assert.deepEqual(ann.alarms, []);
    await relay.settled();
    await other.close();
  });

  it('a certificate renewed during a call is accepted in the group, and in a new one', async () => {
    const device = await deployment.device('Ann');
    const ann = await relay.enter('Ann', { device });
    await relay.settled();
    const certificateOf = () => {
      const credential = relay.delivery.group?.leafOf(ann.peer.deviceId)?.credential;
      assert.equal(credential?.credentialType, 'x509');
      return Buffer.from((credential as { certificates: Uint8Array[] }).certificates[0] ?? []).toString(
        'base64',
      );
    };
    ann.chain = await device.newChain();
    const bob = await relay.enter('Bob');
    // The server still knows the certificate with which Ann signed in.
    await eventually('the new certificate', certificateOf, (der) => der === ann.chain[0]);
    await relay.settled();
    ann.chain = await device.newChain();
    relay.forgetGroup();
    for (const { session } of [ann, bob]) {
      session.entered({ policy: 'required', group: null });
    }
    await eventually(
      'a new group',
      () => [ann, bob].map(({ keys }) => keys.at(-1)?.groupId),
      ([first, second]) => first === second && first === relay.delivery.group?.groupId,
    );
    await relay.settled();
    assert.equal(certificateOf(), ann.chain[0]);
    assert.deepEqual([...ann.session.state.alarms, ...bob.session.state.alarms], []);
  });

  it('when no device can use the group, a new one replaces it, and everyone is told', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    const { groupId = '', epoch = 0 } = relay.delivery.group ?? {};
    const garbage = Buffer.from('garbage').toString('base64');
    relay.tamperAnswer = (name, answer) =>
      name === 'encryption.join' && 'groupId' in answer && answer.groupId === groupId
        ? { ...answer, groupInfo: garbage }
        : answer;
    relay.send('encryption.committed', { groupId, epoch, commit: garbage, log: { logId: 'log', seq: 1000 } });
    await eventually(
      'another group',
      () => [ann, bob].map(({ session: { state } }) => state.state === 'ready' && state.isGroupNew),
      (states) => states.every((isNew) => isNew),
    );
    await relay.settled();
    assert.notEqual(relay.delivery.group?.groupId, groupId);
    assert.ok(![...ann.alarms, ...bob.alarms].includes('replaced'));
  });

  it('threat 43: a group does not end as long as one device can use it', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    const { groupId = '' } = relay.delivery.group ?? {};
    await relay.handle(bob, 'encryption.stuck', { groupId });
    await relay.handle(bob, 'encryption.stuck', { groupId });
    assert.equal(relay.delivery.group?.groupId, groupId);
    await relay.handle(ann, 'encryption.stuck', { groupId: '0'.repeat(32) });
    assert.equal(relay.delivery.group?.groupId, groupId);
    assert.deepEqual([...ann.alarms, ...bob.alarms], []);
  });

  it('threat 43: a server that ends a group that works raises an alarm', async () => {
    const people = await together(2);
    const { groupId = '' } = relay.delivery.group ?? {};
    relay.forgetGroup();
    relay.send('encryption.ended', { groupId, log: { logId: 'log', seq: 1000 } });
    for (const person of people) {
      await person.alarm('replaced');
    }
    await relay.settled();
    assert.ok(people.every(({ session }) => session.state.isGroupNew));
  });

  it('threat 43: whoever gets a Welcome that cannot be read goes in alone', async () => {
    await together(1);
    let isAsked = false;
    relay.tamperAnswer = (name, answer, person) => {
      if (name !== 'encryption.join' || isAsked) {
        return answer;
      }
      isAsked = true;
      const welcome = Buffer.from('no Welcome').toString('base64');
      const { groupId = '', epoch = 0 } = relay.delivery.group ?? {};
      relay.send('encryption.welcome', { groupId, epoch, welcome, tree: welcome }, [person]);
      return { way: 'wait' } as never;
    };
    const bob = await relay.enter('Bob');
    await bob.alarm('forged');
    await relay.settled();
  });

  it('threat 43: a device that refused a GroupInfo tries again', async () => {
    const [ann] = (await together(1)) as [RelayedPerson];
    let isForged = false;
    relay.tamperAnswer = (name, answer) => {
      if (name !== 'encryption.join' || !('groupInfo' in answer) || isForged) {
        return answer;
      }
      isForged = true;
      const groupInfo = Buffer.from(answer.groupInfo as string, 'base64');
      groupInfo[groupInfo.length - 3] = (groupInfo.at(-3) ?? 0) ^ 1;
      return { ...answer, groupInfo: groupInfo.toString('base64') };
    };
    const bob = await relay.enter('Bob');
    await bob.alarm('forged');
    await relay.settled([ann, bob]);
  });

  it('whoever shows the state hears of every change of it', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    relay.tamperAnswer = (name, answer) => {
      if (name === 'encryption.join') {
        throw new CanopyError('ENCRYPTION_REQUIRED');
      }
      return answer;
    };
    const seen: string[] = [];
    relay.changed = (person, { state }) => {
      if (person === bob) {
        seen.push(state);
      }
    };
    bob.session.entered({ policy: 'required', group: null });
    await eventually(
      'the failure',
      () => seen,
      (states) => states.at(-1) === 'failed',
    );
    assert.deepEqual(seen.at(0), 'joining');
    assert.equal(ann.session.state.state, 'ready');
  });

  it('threat 43: the alarm names the device whose commit is not genuine, and all get in again', async () => {
    const [ann, bob, eve, dan] = (await together(4)) as [
      RelayedPerson,
      RelayedPerson,
      RelayedPerson,
      RelayedPerson,
    ];
    relay.tamper = (name, data) => {
      if (name !== 'encryption.committed') {
        return data;
      }
      const bytes = Buffer.from((data as EventData<'encryption.committed'>).commit, 'base64');
      bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
      return { ...data, commit: bytes.toString('base64') };
    };
    relay.leave(dan);
    assert.equal(await bob.alarm('forged'), ann.peer.deviceId);
    assert.equal(await eve.alarm('forged'), ann.peer.deviceId);
    relay.tamper = (_name, data) => data;
    await relay.settled([ann, bob, eve]);
  });

  it('threat 43: heads that cannot be read, or are of epochs far away, change nothing', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    const { participantId } = bob.participant;
    for (const head of [
      { epoch: 1, digest: '', signature: '' },
      { epoch: 5_000_000, digest: Buffer.alloc(32).toString('base64'), signature: 'AAAA' },
    ]) {
      ann.session.head({ participantId, ...head });
    }
    await relay.enter('Eve');
    await relay.settled();
    assert.deepEqual(ann.alarms, []);
  });

  it('threat 43: a commit that the server repeats raises an alarm and changes nothing', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    const seen: Array<EventData<'encryption.committed'>> = [];
    relay.tamper = (name, data) => {
      if (name === 'encryption.committed') {
        seen.push(data as EventData<'encryption.committed'>);
      }
      return data;
    };
    await relay.enter('Eve');
    await relay.settled();
    const [commit] = seen;
    assert.ok(commit);
    const epochs = ann.keys.length;
    ann.session.committed(commit);
    await ann.alarm('replayed');
    assert.equal(ann.keys.length, epochs);
    assert.deepEqual(bob.alarms, []);
  });

  it('threat 43: a commit that the server withholds raises an alarm', async () => {
    const [ann, bob] = (await together(2)) as [RelayedPerson, RelayedPerson];
    relay.tamper = (name, data, to) => (to === bob && name === 'encryption.committed' ? undefined : data);
    await relay.enter('Dan', { hidden: true });
    await relay.settled([ann], 3);
    await bob.alarm('withheld');
    assert.notEqual(keyOf(bob), keyOf(ann));
  });

  it('threat 43: two histories raise an alarm on both sides', async () => {
    const [ann, bob, eve] = (await together(3)) as [RelayedPerson, RelayedPerson, RelayedPerson];
    relay.forks = true;
    // Both take Eve out, in two different epochs with the same number and the same members.
    relay.leave(eve);
    assert.equal(await ann.alarm('fork'), bob.peer.deviceId);
    assert.equal(await bob.alarm('fork'), ann.peer.deviceId);
    assert.deepEqual(ann.session.state.members, bob.session.state.members);
    assert.notDeepEqual(ann.session.state.code, bob.session.state.code);
  });
});
