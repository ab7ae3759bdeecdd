import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChatMessage } from '../../../sdk/index.ts';
import { chatItems } from './chat-groups.ts';

const NOON = new Date(2027, 2, 1, 12, 0, 0).getTime();
const message = (seq: number, who: string | null, atMs: number) =>
  ({
    seq,
    sentAtMs: NOON + atMs,
    author: who === null ? null : { accountId: who, displayName: who },
  }) as ChatMessage;
/** E.g. `day a1,2 new b3`. */
const shape = (messages: ChatMessage[], newAfter?: number) =>
  chatItems(messages, newAfter)
    .map((item) =>
      item.kind === 'group'
        ? `${item.author?.accountId ?? '-'}${item.messages.map(({ seq }) => seq).join()}`
        : item.kind,
    )
    .join(' ');

describe('the list of messages', () => {
  it('has one group per author and minute', () => {
    assert.equal(
      shape([message(1, 'a', 0), message(2, 'a', 59_000), message(3, 'b', 59_500), message(4, 'b', 60_000)]),
      'day a1,2 b3 b4',
    );
  });

  it('does not put messages of deleted accounts together, which may be of several people', () => {
    assert.equal(shape([message(1, null, 0), message(2, null, 1)]), 'day -1 -2');
  });

  it('says when a new day begins, and where the new messages are', () => {
    const messages = [message(1, 'a', 0), message(2, 'a', 1), message(3, 'a', 86_400_000)];
    assert.equal(shape(messages, 1), 'day a1 new a2 day a3');
    assert.equal(shape(messages, 2), 'day a1,2 day new a3');
    assert.equal(shape(messages, 3), 'day a1,2 day a3');
    assert.equal(shape(messages, 0), 'day new a1,2 day a3');
  });
});
