// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { encodeGroupInfo } from 'ts-mls/groupInfo.js';
import type { EncryptionAlarm, EncryptionAlarmKind } from '../../client/sdk/index.ts';
import { readGroupInfo } from '../../contract/mls/index.ts';
import { EncryptedPeople, type EncryptedPerson, inOneEpoch } from '../support/encrypted-people.ts';
import { InProcessServer } from '../support/in-process-server.ts';
import { TamperingProxy } from '../support/tampering-proxy.ts';
import { eventually } from '../support/wait.ts';

/** What socket.io puts before the JSON of events and answers. */
const MESSAGE = /^4[23]\d*(?=\[)/;
const EVENT = /^42\d*$/;
/** An event that changes nothing, in place of another one in the room's log. */
const nothing = ({ log }: Record<string, unknown>) => [
  'hand.lowered',
  { participantId: randomUUID(), by: randomUUID(), log },
];

type Message = [name: string, data: Record<string, unknown>];
/** What a lying server makes of something that it sends to Bob; `isEvent`: it is no answer. */
type Lie = (message: Message, isEvent: boolean) => unknown[];

/** The proxy lies to Bob only; the others reach the server directly. */
describe('a lying server', () => {
  let server: InProcessServer;
  let people: EncryptedPeople;
  const proxies: TamperingProxy[] = [];

  before(async () => {
    for (let count = 0; count < 7; count += 1) {
      proxies.push(await TamperingProxy.open());
    }
    server = await InProcessServer.start({ 'server.origins': proxies.map(({ url }) => url).join(',') });
    for (const proxy of proxies) {
      proxy.target = server.url;
    }
    people = new EncryptedPeople(server);
  });
  after(async () => {
    await people?.close();
    await server?.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });

  const newRoom = (roomId: string) => server.api('POST', '/api/rooms', { roomId, encryption: 'required' });
  const proxy = (index: number) => proxies[index] as TamperingProxy;
  /** What Bob, who is behind this proxy, receives from now on. */
  const tell = (index: number, lie: Lie) => {
    proxy(index).tamper = (text, direction) => {
      const [start] = MESSAGE.exec(text) ?? [];
      if (direction !== 'to-client' || start === undefined) {
        return text;
      }
      const message = JSON.parse(text.slice(start.length)) as Message;
      return `${start}${JSON.stringify(lie(message, EVENT.test(start)))}`;
    };
  };
  /** Ann, Bob behind a proxy, and whoever else there is. */
  const gather = async (index: number, roomId: string, others = 0): Promise<EncryptedPerson[]> => {
    await newRoom(roomId);
    const inside = [await people.enter(roomId)];
    await inOneEpoch(inside);
    inside.push(await people.enter(roomId, { url: proxy(index).url }));
    await inOneEpoch(inside);
    while (inside.length < 2 + others) {
      inside.push(await people.enter(roomId));
      await inOneEpoch(inside);
    }
    return inside;
  };
  const alarm = async (person: EncryptedPerson, kind: EncryptionAlarmKind): Promise<EncryptionAlarm> => {
    const alarms = await eventually(
      `the alarm ${kind}`,
      () => person.alarms,
      (all) => all.some((each) => each.kind === kind),
      60_000,
    );
    return alarms.find((each) => each.kind === kind) as EncryptionAlarm;
  };

  it('threat 24: that hides a device that has the keys is found out', async () => {
    const [ann, bob] = (await gather(0, 'ghost')) as [EncryptedPerson, EncryptedPerson];
    tell(0, ([name, data], isEvent) =>
      isEvent && name === 'participant.joined' ? nothing(data) : [name, data],
    );
    const ghost = await people.enter('ghost');
    const { deviceId } = await alarm(bob, 'stranger');
    const seen = bob.room.encryption?.state?.members ?? [];
    assert.equal(seen.length, 3);
    assert.equal(deviceId, seen.find(({ leaf }) => leaf === ghost.keys.at(-1)?.ownLeaf)?.deviceId);
    assert.equal(bob.room.participants.has(ghost.participantId), false);
    assert.ok(ann.alarms.every(({ kind }) => kind !== 'stranger'));
  });

  it('threat 43: that swaps the key with which newcomers join is found out', async () => {
    await newRoom('swap');
    const ann = await people.enter('swap');
    await inOneEpoch([ann]);
    const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
      'deriveBits',
    ]);
    const other = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
    let swapped = 0;
    tell(1, (message) => {
      const [answer] = message as unknown as [{ result?: { groupInfo?: string } }];
      const { result } = answer;
      if (typeof result?.groupInfo !== 'string' || swapped > 0) {
        return message;
      }
      swapped += 1;
      const info = readGroupInfo(new Uint8Array(Buffer.from(result.groupInfo, 'base64')));
      const extensions = info.extensions.map((extension) => {
        const isKey = extension.extensionType === 'external_pub';
        const extensionData = new Uint8Array([...extension.extensionData.slice(0, -other.length), ...other]);
        return isKey ? { ...extension, extensionData } : extension;
      });
      const groupInfo = Buffer.from(encodeGroupInfo({ ...info, extensions })).toString('base64');
      return [{ ...answer, result: { ...result, groupInfo } }];
    });
    const bob = await people.enter('swap', { url: proxy(1).url });
    await alarm(bob, 'forged');
    assert.equal(swapped, 1);
    // It tries again, and then the server says the truth.
    await inOneEpoch([ann, bob]);
  });

  it('threat 43: that repeats a commit is found out', async () => {
    const [ann, bob] = (await gather(2, 'replay')) as [EncryptedPerson, EncryptedPerson];
    let commit: Record<string, unknown> | undefined;
    tell(2, ([name, data], isEvent) => {
      if (isEvent && name === 'encryption.committed') {
        commit = data;
      }
      const isPlace = isEvent && name === 'hand.raised' && commit !== undefined;
      return isPlace ? ['encryption.committed', { ...commit, log: data.log }] : [name, data];
    });
    await people.enter('replay');
    await inOneEpoch([ann, bob], 3);
    const epochs = bob.keys.length;
    await ann.room.raiseHand();
    await alarm(bob, 'replayed');
    assert.equal(bob.keys.length, epochs);
  });

  it('threat 43: that withholds a commit is found out', async () => {
    const [, bob] = (await gather(3, 'withhold')) as [EncryptedPerson, EncryptedPerson];
    tell(3, ([name, data], isEvent) =>
      isEvent && name === 'encryption.committed' ? nothing(data) : [name, data],
    );
    await people.enter('withhold');
    await alarm(bob, 'withheld');
  });

  it('threat 43: that shows two histories is found out by both sides', async () => {
    const [ann, bob, eve] = (await gather(4, 'fork', 1)) as [
      EncryptedPerson,
      EncryptedPerson,
      EncryptedPerson,
    ];
    // Bob's own commit is accepted for show only, and Ann's is withheld from him.
    const shown = new Set<string>();
    tell(4, ([name, data], isEvent) =>
      isEvent && name === 'encryption.committed' ? nothing(data) : [name, data],
    );
    const withhold = proxy(4).tamper;
    proxy(4).tamper = (text, direction) => {
      const [, id, envelope] = /^42(\d+)\["encryption\.commit",(.*)\]$/s.exec(text) ?? [];
      if (direction === 'to-server' && id !== undefined && envelope !== undefined) {
        shown.add(id);
        return `42${id}${JSON.stringify(['session.ping', { ...JSON.parse(envelope), data: {} }])}`;
      }
      const answered = /^43(\d+)\[/.exec(text)?.[1];
      return direction === 'to-client' && answered !== undefined && shown.has(answered)
        ? `43${answered}${JSON.stringify([{ ok: true, result: { outcome: 'accepted' } }])}`
        : withhold(text, direction);
    };
    await eve.client.close();
    await Promise.all([alarm(bob, 'fork'), alarm(ann, 'fork')]);
    assert.notEqual(ann.code, bob.code);
    assert.equal(ann.members, bob.members);
  });

  it('threat 24: that says that the room is not encrypted is found out', async () => {
    await newRoom('strip');
    proxy(5).tamper = (text, direction) =>
      direction === 'to-client' ? text.replaceAll('"policy":"required"', '"policy":"off"') : text;
    await assert.rejects(people.enter('strip', { url: proxy(5).url }), { code: 'ENCRYPTION_INVALID' });
  });

  it('threat 24: that swaps a DTLS fingerprint is found out', async () => {
    await newRoom('fingerprint');
    let swapped = 0;
    proxy(6).tamper = (text, direction) =>
      direction === 'to-client'
        ? text.replace(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g, () => {
            swapped += 1;
            return Array.from({ length: 32 }, () => 'AB').join(':');
          })
        : text;
    const takePart = async () => (await people.enter('fingerprint', { url: proxy(6).url })).publish();
    await assert.rejects(takePart(), { code: 'SERVER_UNVERIFIED' });
    assert.ok(swapped > 0);
  });
});
