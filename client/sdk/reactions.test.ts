import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EventData, Participant } from '../../contract/index.ts';
import { type SealedWriter, SealedWriters } from '../../test/support/sealed-writers.ts';
import { eventually } from '../../test/support/wait.ts';
import { type Reaction, Reactions, type ReactionsHost } from './reactions.ts';

describe('reactions in an encrypted room', () => {
  let writers: SealedWriters;
  let ann: SealedWriter;
  let eve: SealedWriter;
  before(async () => {
    writers = await SealedWriters.create('Ann', 'Eve');
    [ann, eve] = writers.list as [SealedWriter, SealedWriter];
  });
  after(() => writers.close());

  /** A member that receives signs from the test instead of a server. */
  function audience(present: ReadonlyArray<[participantId: string, writer: SealedWriter]>) {
    const { content, alarms } = writers.reader();
    const participants = new Map(
      present.map(([participantId, { deviceId }]) => [
        participantId,
        { participantId, deviceId } as Participant,
      ]),
    );
    let deliver: (data: EventData<'room.reactions'>) => void = () => {};
    const reactions = new Reactions({
      ...({} as Pick<ReactionsHost, 'connection'>),
      participants,
      participantId: () => undefined,
      onServerEvent: (_name, apply) => {
        deliver = apply as typeof deliver;
      },
      content: () => content,
    });
    const seen: Reaction[] = [];
    reactions.on('reactions', (list) => seen.push(...list));
    const sign = async (writer: SealedWriter, participantId: string) => ({
      participantId,
      sealed: await writer.cipher.seal('sign', participantId, { kind: 'applause' }),
    });
    return {
      participants,
      deliver: (data: EventData<'room.reactions'>) => deliver(data),
      seen,
      alarms,
      sign,
    };
  }

  it('of somebody who has left meanwhile raise no alarm', async () => {
    const { participants, deliver, seen, alarms, sign } = audience([
      ['ann', ann],
      ['eve', eve],
    ]);
    const sealed = [await sign(ann, 'ann'), await sign(eve, 'eve')];
    participants.delete('ann');
    deliver({ reactions: [], sealed });
    await eventually(
      'the other sign',
      () => seen,
      ({ length }) => length > 0,
    );
    assert.deepEqual(seen, [{ participantId: 'eve', kind: 'applause', count: 1 }]);
    assert.deepEqual(alarms, []);
  });

  it('threat 24: of another device than the participant’s, repeated or readable are refused', async () => {
    const { deliver, seen, alarms, sign } = audience([
      ['ann', ann],
      ['eve', eve],
    ]);
    const real = await sign(eve, 'eve');
    deliver({ reactions: [{ participantId: 'ann', kind: 'like', count: 1 }], sealed: [] });
    deliver({ reactions: [], sealed: [await sign(eve, 'ann'), real, real] });
    await eventually(
      'the alarms',
      () => alarms,
      ({ length }) => length === 3,
    );
    await eventually(
      'the real sign',
      () => seen,
      ({ length }) => length > 0,
    );
    assert.deepEqual(alarms, [undefined, eve.deviceId, eve.deviceId]);
    assert.deepEqual(seen, [{ participantId: 'eve', kind: 'applause', count: 1 }]);
  });
});
