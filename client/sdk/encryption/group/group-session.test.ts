import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { EventData } from '../../../../contract/index.ts';
import { TestDeployment } from '../../../../test/support/encrypted-devices.ts';
import { GroupRelay, type RelayedPerson } from '../../../../test/support/group-relay.ts';
import { eventually } from '../../../../test/support/wait.ts';

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

  it('threat 24: somebody who is listed as present but has no keys raises an alarm', async () => {
    const [ann] = (await together(1)) as [RelayedPerson];
    const listed = await relay.enter('Nobody', { idle: true });
    assert.equal(await ann.alarm('outside'), listed.peer.deviceId);
  });

  it('threat 43: a message that the server changed raises an alarm, and the device joins anew', async () => {
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
