import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type SealedWriter, SealedWriters } from '../../../../test/support/sealed-writers.ts';
import { eventually } from '../../../../test/support/wait.ts';
import type { ChatMessage } from '../chat-messages.ts';
import type { MessageContent } from './message-content.ts';
import { SealedMessages } from './sealed-messages.ts';

describe('the messages of an encrypted room', () => {
  let writers: SealedWriters;
  let ann: SealedWriter;
  let eve: SealedWriter;
  before(async () => {
    writers = await SealedWriters.create('Ann', 'Eve');
    [ann, eve] = writers.list as [SealedWriter, SealedWriter];
  });
  after(() => writers.close());

  /** What a third member sees of messages, and the devices that alarms name. */
  async function seen(...steps: ChatMessage[][]) {
    const { content, alarms } = writers.reader();
    const messages = new SealedMessages(content, () => {});
    for (const step of steps) {
      messages.update(step);
      for (const raw of step) {
        await messages.opened(raw);
      }
    }
    return {
      messages,
      texts: messages.list.map(({ text }) => text),
      list: messages.list,
      alarms,
      ...messages.unreadable,
    };
  }

  it('are shown with the name of the certificate', async () => {
    const { texts, list, alarms } = await seen([await ann.message(1, 'hello'), await eve.message(2, 'hi')]);
    assert.deepEqual(texts, ['hello', 'hi']);
    assert.deepEqual(
      list.map(({ author }) => author?.certifiedName),
      ['Ann', 'Eve'],
    );
    assert.deepEqual(alarms, []);
  });

  it('threat 24: one that the server wrote, or whose encryption it took off, is refused', async () => {
    const { sealed: _, ...clear } = await ann.message(1, 'hello');
    const { texts, refused, alarms } = await seen([{ ...clear, text: 'hello' }]);
    assert.deepEqual([texts, refused, alarms], [[], 1, [undefined]]);
  });

  it('threat 24: one that is attributed to somebody else is refused', async () => {
    const [message, other] = [await eve.message(1, 'hello'), await ann.message(2, 'hi')];
    const { texts, refused, alarms } = await seen([{ ...message, author: other.author }, other]);
    assert.deepEqual([texts, refused, alarms], [['hi'], 1, [eve.deviceId]]);
  });

  it('threat 24: one that is repeated, in its name or in another’s, is refused', async () => {
    const message = await ann.message(1, 'hello');
    const { texts, refused, alarms } = await seen([
      message,
      { ...message, seq: 2, rev: 2 },
      { ...message, seq: 3, rev: 3, id: 'message-3' },
    ]);
    assert.deepEqual([texts, refused], [['hello'], 2]);
    assert.equal(alarms.length, 2);
  });

  it('threat 24: edits are those of the author, and are not taken back', async () => {
    const message = await ann.message(1, 'first');
    const second = { ...(await ann.message(1, 'second', { version: 1 })), rev: 2 };
    const third = { ...(await ann.message(1, 'third', { version: 2 })), rev: 3 };
    assert.deepEqual((await seen([message], [second], [third])).texts, ['third']);
    const back = await seen([message], [third], [{ ...second, rev: 4 }]);
    assert.deepEqual([back.texts, back.refused, back.alarms], [[], 1, [ann.deviceId]]);
    // Eve edits Ann's message, with the server's help.
    const forged = { ...(await eve.message(1, 'never', { version: 1 })), rev: 2, author: message.author };
    const refused = await seen([message], [forged]);
    assert.deepEqual([refused.texts, refused.alarms], [[], [eve.deviceId]]);
    // The first version in place of an edit.
    const wrong = await seen([{ ...message, editedAtMs: 2 }]);
    assert.deepEqual([wrong.texts, wrong.refused], [[], 1]);
  });

  it('threat 24: reactions count for their own account and message', async () => {
    const [message, other] = [await ann.message(1, 'hello'), await ann.message(2, 'other')];
    const reaction = await eve.reaction(message, ['👍', '🎉']);
    const { list, alarms } = await seen([
      { ...message, sealedReactions: [reaction] },
      { ...other, sealedReactions: [reaction, { ...reaction, accountId: ann.accountId }] },
    ]);
    assert.deepEqual(list[0]?.reactions, [
      { emoji: '👍', accountIds: [eve.accountId] },
      { emoji: '🎉', accountIds: [eve.accountId] },
    ]);
    assert.deepEqual(list[1]?.reactions, []);
    assert.equal(alarms.length, 2);
  });

  it('threat 24: members cannot displace messages of others by giving theirs the same ids', async () => {
    const message = await ann.message(1, 'hello');
    const other = await eve.message(2, 'hi', {}, message.id);
    const edited = { ...(await eve.message(2, 'hi again', { version: 2 ** 53 - 1 }, message.id)), rev: 3 };
    const reaction = await eve.reaction(message, ['👍']);
    const { texts, list, alarms, refused } = await seen(
      [message, other],
      [message, edited],
      [{ ...message, rev: 4, sealedReactions: [reaction] }, edited],
    );
    assert.deepEqual([texts, refused, alarms], [['hello', 'hi again'], 0, []]);
    assert.deepEqual(list[0]?.reactions, [{ emoji: '👍', accountIds: [eve.accountId] }]);
    // Nor do reactions pass from one to the other.
    const moved = await seen([message, { ...other, sealedReactions: [reaction] }]);
    assert.deepEqual(moved.list[1]?.reactions, []);
    assert.deepEqual(moved.alarms, [eve.deviceId]);
  });

  it('that were fetched before somebody edited them raise no alarm', async () => {
    const message = await ann.message(1, 'first');
    const edited = { ...(await ann.message(1, 'second', { version: 1 })), rev: 2 };
    const { messages, alarms } = await seen([edited]);
    assert.equal((await messages.open(message))?.text, 'second');
    // Neither version is in the list.
    const older = await ann.message(3, 'third');
    const newer = { ...(await ann.message(3, 'fourth', { version: 1 })), rev: 4 };
    assert.equal((await messages.open(newer))?.text, 'fourth');
    assert.equal(await messages.open(older), undefined);
    assert.deepEqual([alarms, messages.unreadable.refused], [[], 0]);
    // It stays one where the server says that it is the newest.
    assert.equal(await messages.open({ ...older, rev: 5 }), undefined);
    assert.deepEqual(alarms, [ann.deviceId]);
  });

  it('threat 24: reactions that were taken off or replaced do not come back', async () => {
    const message = await ann.message(1, 'hello');
    const withReaction = async (rev: number, emoji: string[], version: number) => ({
      ...message,
      rev,
      sealedReactions: [await eve.reaction(message, emoji, version)],
    });
    const on = await withReaction(2, ['👍'], 1);
    const off = await withReaction(3, [], 2);
    const { list, messages, alarms } = await seen([on], [off]);
    assert.deepEqual(list[0]?.reactions, []);
    assert.deepEqual((await messages.open(on))?.reactions, []);
    const back = await seen([on], [off], [{ ...on, rev: 4 }]);
    assert.deepEqual([back.texts, back.list[0]?.reactions], [['hello'], []]);
    assert.deepEqual([...alarms, ...back.alarms], []);
  });

  it('threat 24: what a member writes may be anything, and is refused if it is no message', async () => {
    const wrong: Array<Partial<MessageContent>> = [
      { mentions: ['me'] },
      { files: [{ fileId: 'x', name: 'x', type: '', size: 1, key: 'short', root: '' }] },
      { text: 'x'.repeat(5000) },
      { replyTo: { seq: -1, id: 'message-1', author: ann.accountId } },
      { replyTo: { seq: 1, id: 'message-1', author: 'Ann' } },
      { text: 7 as unknown as string },
    ];
    const messages = await Promise.all(wrong.map((each, i) => eve.message(i + 1, '', each)));
    const { texts, refused, alarms } = await seen(messages);
    assert.deepEqual([texts, refused], [[], wrong.length]);
    assert.ok(alarms.every((deviceId) => deviceId === eve.deviceId));
  });

  it('that arrive before their keys are shown when these come', async () => {
    const { content, alarms } = writers.reader({ hasKeys: false });
    const messages = new SealedMessages(content, () => {});
    const early = await ann.message(1, 'early');
    messages.update([early]);
    assert.equal(await messages.opened(early), undefined);
    assert.deepEqual(messages.unreadable, { locked: 1, refused: 0 });
    content.setEpoch(writers.epoch);
    await eventually(
      'the message',
      () => messages.list,
      ({ length }) => length === 1,
    );
    assert.deepEqual([messages.unreadable, alarms], [{ locked: 0, refused: 0 }, []]);
  });
});
