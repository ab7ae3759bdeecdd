import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { contentStatement } from '../../../../contract/light.ts';
import { TestDeployment } from '../../../../test/support/encrypted-devices.ts';
import { RoomGroup } from '../../../../test/support/room-groups.ts';
import { eventually } from '../../../../test/support/wait.ts';
// biome-ignore lint/plugin: pages load it late, so it is no part of the face
import { ContentCipher } from '../../encryption/content/index.ts';
// biome-ignore lint/plugin: created by the room's encryption alone
import { RoomContent } from '../../encryption/room-content.ts';
import type { ChatMessage } from '../chat-messages.ts';
import type { MessageContent } from './message-content.ts';
import { reactionId, SealedMessages } from './sealed-messages.ts';

describe('the messages of an encrypted room', () => {
  let deployment: TestDeployment;
  let ann: Writer;
  let eve: Writer;
  before(async () => {
    deployment = await TestDeployment.create();
    ann = await Writer.create('Ann');
    eve = await Writer.create('Eve', ann);
  });
  after(() => deployment.close());

  /** A member of the room's group who writes; the server is the test. */
  class Writer {
    readonly accountId: string;
    readonly deviceId: string;
    readonly group: RoomGroup;
    readonly #cipher: ContentCipher;

    static async create(name: string, other?: Writer): Promise<Writer> {
      const device = await deployment.device(name);
      const member = await deployment.member({ roomId: 'team', policy: 'required', authorities: [] }, device);
      const { deviceId } = member;
      const first = other?.group;
      const group = first
        ? await RoomGroup.joinExternally(member, {
            ...{ groupInfo: await first.groupInfo(), tree: first.tree, epoch: Number(first.epoch) },
          }).then(({ next }) => next)
        : await RoomGroup.create(member);
      const signContent = async (statement: Omit<Parameters<typeof contentStatement>[0], 'deviceId'>) => {
        const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
        const signed = contentStatement({ ...statement, deviceId });
        const signature = await crypto.subtle.sign(algorithm, device.deviceKey, signed);
        return Buffer.from(signature).toString('base64url');
      };
      const cipher = new ContentCipher({ scope: 'room team', identity: { deviceId, signContent } });
      return new Writer({ accountId: device.accountId, deviceId, group, cipher });
    }

    private constructor(of: {
      accountId: string;
      deviceId: string;
      group: RoomGroup;
      cipher: ContentCipher;
    }) {
      this.accountId = of.accountId;
      this.deviceId = of.deviceId;
      this.group = of.group;
      this.#cipher = of.cipher;
    }

    /** Everyone writes in Eve's epoch, in which both are. */
    async seal(...what: Parameters<ContentCipher['seal']>): Promise<string> {
      const epoch = await eve.group.contentEpoch();
      const [ownLeaf = 0] = [...epoch.members].find(([, { deviceId }]) => deviceId === this.deviceId) ?? [];
      this.#cipher.setEpoch({ ...epoch, ownLeaf });
      return this.#cipher.seal(...what);
    }

    /** A message as the server would deliver it. */
    async message(seq: number, text: string, more: Partial<MessageContent> = {}): Promise<ChatMessage> {
      const id = `message-${seq}`;
      const content = { text, mentions: [], files: [], version: 0, ...more };
      const kind = content.version === 0 ? 'message' : 'edit';
      return {
        ...{ seq, rev: seq, id, sentAtMs: 1, text: '', mentions: [], reactions: [] },
        author: { accountId: this.accountId, participantId: crypto.randomUUID(), displayName: 'Somebody' },
        sealed: await this.seal(kind, id, content),
        ...(kind === 'edit' && { editedAtMs: 2 }),
      };
    }
  }

  /** What a third member sees of messages, and the devices that alarms name. */
  async function seen(...steps: ChatMessage[][]) {
    const alarms: Array<string | undefined> = [];
    const content = new RoomContent({
      alarm: ({ kind, deviceId }) => {
        assert.equal(kind, 'content');
        alarms.push(deviceId);
      },
      settled: async () => {},
    });
    content.begin(
      new ContentCipher({ scope: 'room team', identity: { deviceId: '', signContent: async () => '' } }),
    );
    const messages = new SealedMessages(content, () => {});
    content.setEpoch(await eve.group.contentEpoch());
    for (const step of steps) {
      messages.update(step);
      for (const raw of step) {
        await messages.opened(raw);
      }
    }
    return {
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
    const sealed = await eve.seal('reaction', reactionId(message.id, eve.accountId), { emoji: ['👍', '🎉'] });
    const { list, alarms } = await seen([
      { ...message, sealedReactions: [{ accountId: eve.accountId, sealed }] },
      {
        ...other,
        sealedReactions: [
          { accountId: eve.accountId, sealed },
          { accountId: ann.accountId, sealed },
        ],
      },
    ]);
    assert.deepEqual(list[0]?.reactions, [
      { emoji: '👍', accountIds: [eve.accountId] },
      { emoji: '🎉', accountIds: [eve.accountId] },
    ]);
    assert.deepEqual(list[1]?.reactions, []);
    assert.equal(alarms.length, 2);
  });

  it('threat 24: what a member writes may be anything, and is refused if it is no message', async () => {
    const wrong: Array<Partial<MessageContent>> = [
      { mentions: ['me'] },
      { files: [{ fileId: 'x', name: 'x', type: '', size: 1, key: 'short', root: '' }] },
      { text: 'x'.repeat(5000) },
      { replyTo: { seq: -1, id: 'message-1' } },
      { text: 7 as unknown as string },
    ];
    const messages = await Promise.all(wrong.map((each, i) => eve.message(i + 1, '', each)));
    const { texts, refused, alarms } = await seen(messages);
    assert.deepEqual([texts, refused], [[], wrong.length]);
    assert.ok(alarms.every((deviceId) => deviceId === eve.deviceId));
  });

  it('that arrive before their keys are shown when these come', async () => {
    const content = new RoomContent({ alarm: () => assert.fail(), settled: async () => {} });
    content.begin(
      new ContentCipher({ scope: 'room team', identity: { deviceId: '', signContent: async () => '' } }),
    );
    const messages = new SealedMessages(content, () => {});
    const early = await ann.message(1, 'early');
    messages.update([early]);
    assert.equal(await messages.opened(early), undefined);
    assert.deepEqual(messages.unreadable, { locked: 1, refused: 0 });
    content.setEpoch(await eve.group.contentEpoch());
    await eventually(
      'the message',
      () => messages.list,
      ({ length }) => length === 1,
    );
    assert.deepEqual(messages.unreadable, { locked: 0, refused: 0 });
  });
});
