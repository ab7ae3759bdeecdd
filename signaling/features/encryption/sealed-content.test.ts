import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import {
  type EnvelopeHeader,
  HEADER_BYTES,
  MIN_ENVELOPE_BYTES,
  writeHeader,
} from '../../../contract/content/index.ts';
import { EncryptedSeat } from '../../../test/support/encrypted-seat.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity } from '../../../test/support/protocol-client.ts';

const NONCE_BYTES = 12;

/** An envelope of a seat's current epoch, as far as the server can judge it: nobody can open it. */
function envelope({ current }: EncryptedSeat, header: Partial<EnvelopeHeader> = {}): string {
  const { epoch, ownLeaf: leaf } = current;
  const groupId = Buffer.from(current.groupId).toString('hex');
  const written = writeHeader({ kind: 'message', groupId, epoch, leaf, ...header }, randomBytes(NONCE_BYTES));
  return Buffer.concat([written, randomBytes(MIN_ENVELOPE_BYTES - HEADER_BYTES)]).toString('base64');
}

describe('what the server can judge of sealed content', () => {
  let server: InProcessServer;
  let people: Identity[];

  before(async () => {
    server = await InProcessServer.start({ 'limits.requestsPerSecond': 1000 });
    people = await Promise.all(
      Array.from({ length: 3 }, (_, i) => newIdentity(server, { displayName: `Person ${i}` })),
    );
  });
  after(() => server.close());

  const take = (person: number, roomId: string) =>
    EncryptedSeat.take(server.url, people[person] as Identity, roomId);
  /** Two people in the group of a new room. */
  const pair = async (roomId: string) => {
    const { status } = await server.api('POST', '/api/rooms', { roomId, encryption: 'required' });
    assert.equal(status, 200);
    const ann = await (await take(0, roomId)).enterGroup();
    const eve = await (await take(1, roomId)).enterGroup();
    await ann.follow(1n);
    return { ann, eve };
  };
  const leave = (...seats: EncryptedSeat[]) => Promise.all(seats.map((seat) => seat.leave()));

  it('threat 24: what no member could open, or names another member’s leaf, reaches nobody', async () => {
    const kinds = ['message', 'edit', 'reaction', 'sign'] as const;
    for (const kind of kinds) {
      const { ann, eve } = await pair(`judged-${kind}`);
      const { seq } = await ann.client.get('chat.send', { id: randomUUID(), sealed: envelope(ann) });
      // Nobody edits what somebody else wrote.
      const [author, other] = kind === 'edit' ? [ann, eve] : [eve, ann];
      const ask = (sealed: string) => {
        const requests = {
          message: ['chat.send', { id: randomUUID(), sealed }],
          edit: ['chat.edit', { seq, sealed }],
          reaction: ['chat.react', { seq, sealed }],
          sign: ['reaction.send', { sealed }],
        } as const;
        const [name, data] = requests[kind];
        return author.client.ask(name, data);
      };
      for (const sealed of [
        Buffer.alloc(MIN_ENVELOPE_BYTES).toString('base64'),
        ...kinds.filter((each) => each !== kind).map((each) => envelope(author, { kind: each })),
        envelope(author, { kind, leaf: other.current.ownLeaf }),
        envelope(author, { kind, leaf: 7 }),
      ]) {
        const answer = await ask(sealed);
        assert.equal(answer.ok ? 'accepted' : answer.error.code, 'ENCRYPTION_INVALID', kind);
      }
      const events = () => ann.client.count('chat.sent') + ann.client.count('chat.changed');
      assert.deepEqual([events(), ann.client.count('room.reactions')], [1, 0]);
      const answer = await ask(envelope(author, { kind }));
      assert.ok(answer.ok, kind);
      await leave(ann, eve);
    }
  });

  it('content of epochs that have just ended is taken; of others, and without a group, it has to be sealed again', async () => {
    const { ann, eve } = await pair('epochs');
    const send = (seat: EncryptedSeat, sealed: string) =>
      seat.client.ask('chat.send', { id: randomUUID(), sealed });
    const old = envelope(eve);
    const commit = async () => ann.offer(await ann.current.commit({}));
    await commit();
    await commit();
    assert.ok((await send(eve, old)).ok);
    const refusal = (seat: EncryptedSeat, sealed: string) =>
      seat.client.refusal('chat.send', { id: randomUUID(), sealed });
    assert.equal(await refusal(ann, envelope(ann, { epoch: 99n })), 'ENCRYPTION_STALE');
    assert.equal(await refusal(ann, envelope(ann, { epoch: 2n ** 64n - 1n })), 'ENCRYPTION_STALE');
    assert.equal(await refusal(ann, envelope(ann, { groupId: '0'.repeat(32) })), 'ENCRYPTION_STALE');
    const outside = await take(2, 'epochs');
    assert.equal(await refusal(outside, envelope(ann)), 'ENCRYPTION_INVALID');
    await outside.leave();
    while (ann.current.epoch < 17n) {
      assert.equal((await commit()).outcome, 'accepted');
    }
    assert.equal(await refusal(eve, old), 'ENCRYPTION_STALE');
    const last = envelope(ann);
    await leave(ann, eve);
    const later = await take(0, 'epochs');
    assert.equal(await refusal(later, last), 'ENCRYPTION_STALE');
    await later.leave();
  });

  it('threat 4: of a burst of sealed signs, few are shown, and none once their author has left', async () => {
    const { ann, eve } = await pair('signs');
    const by = eve.joined.participantId;
    const shown: number[] = [];
    let isOver = false;
    ann.client.socket.onAny((event, data) => {
      isOver ||= event === 'participant.left' && data.participantId === by;
      if (event === 'room.reactions') {
        const { sealed = [] } = data as { sealed?: Array<{ participantId: string }> };
        const own = sealed.filter(({ participantId }) => participantId === by).length;
        assert.ok(!isOver || own === 0, 'a sign of somebody who has left');
        shown.push(own);
      }
    });
    const sign = () => envelope(eve, { kind: 'sign' });
    await Promise.all(Array.from({ length: 6 }, () => eve.client.get('reaction.send', { sealed: sign() })));
    await ann.client.get('reaction.send', { sealed: envelope(ann, { kind: 'sign' }) });
    const isBy = (participantId: string | undefined) => (data: { sealed?: object[] | undefined }) =>
      (data.sealed ?? []).some((each) => (each as { participantId: string }).participantId === participantId);
    await ann.client.event('room.reactions', isBy(ann.joined.participantId));
    assert.ok(Math.max(...shown) <= 3, `${shown}`);
    await eve.client.get('reaction.send', { sealed: sign() });
    await eve.leave();
    await ann.client.event('participant.left', ({ participantId }) => participantId === by);
    const before = ann.client.count('room.reactions', isBy(ann.joined.participantId));
    await ann.client.get('reaction.send', { sealed: envelope(ann, { kind: 'sign' }) });
    await ann.client.event(
      'room.reactions',
      () => ann.client.count('room.reactions', isBy(ann.joined.participantId)) > before,
    );
    await ann.leave();
  });

  it('a device that could not use the group and now can is not one because of which it ends', async () => {
    const { ann, eve } = await pair('recovered');
    const groupId = Buffer.from(ann.current.groupId).toString('hex');
    const head = { epoch: 1, digest: Buffer.alloc(32).toString('base64'), signature: 'A'.repeat(86) };
    await ann.client.get('encryption.stuck', { groupId });
    await ann.client.get('encryption.head', head);
    await eve.client.get('encryption.stuck', { groupId });
    assert.deepEqual(await eve.client.get('encryption.missed', { groupId, epoch: 1 }), { missed: [] });
    await ann.client.get('encryption.stuck', { groupId });
    assert.deepEqual(await eve.client.get('encryption.missed', { groupId, epoch: 1 }), {});
    await leave(ann, eve);
  });
});
