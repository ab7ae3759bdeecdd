import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type SealedWriter, SealedWriters } from '../../../../test/support/sealed-writers.ts';
import { ChatFiles, type ChatFilesHost } from '../chat-files.ts';
import type { ChatMessage } from '../chat-messages.ts';
import { FileSealer } from './file-sealer.ts';
import type { SealedFile } from './message-content.ts';
import { SealedChat } from './sealed-chat.ts';

/** JPEGs, as small as they can be, that differ. */
const jpeg = (width: number) => {
  const frame = [0xff, 0xc0, 0, 11, 8, 0, 10, 0, width, 1, 1, 0x11, 0];
  return new Uint8Array([0xff, 0xd8, ...frame, 0xff, 0xda, 0, 2, 1, 2, 3]);
};

describe('the chat of an encrypted room', () => {
  let writers: SealedWriters;
  let ann: SealedWriter;
  let eve: SealedWriter;
  let server: Server;
  /** What the server has, by path. */
  const stored = new Map<string, Uint8Array>();
  const thumbnails = new Map<number, string>();
  before(async () => {
    writers = await SealedWriters.create('Ann', 'Eve');
    [ann, eve] = writers.list as [SealedWriter, SealedWriter];
    server = createServer(({ url = '' }, response) => response.end(stored.get(url)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    server.close();
    await writers.close();
  });

  /** Ann, in a chat with messages that the test delivers. */
  function chatWith(messages: ChatMessage[]) {
    const { content, alarms } = writers.reader({ as: ann });
    const chat = new SealedChat({
      ...{ accountId: ann.accountId, content },
      page: async () => ({ messages, more: false }),
      changed: () => {},
    });
    chat.messages.update(messages);
    return { chat, alarms };
  }

  /** A message with a file, which the server has from then on. */
  async function withFile(writer: SealedWriter, seq: number, content: string): Promise<ChatMessage> {
    const sealer = await FileSealer.create(new Blob([content]), jpeg(seq));
    stored.set(`/${seq}`, new Uint8Array(await (await sealer.read(0, sealer.size)).arrayBuffer()));
    thumbnails.set(seq, sealer.thumbnail ?? '');
    const file: SealedFile = { fileId: 'same-file', name: 'name', type: '', ...(await sealer.secrets()) };
    return writer.message(seq, '', { files: [file] });
  }

  it('threat 24: a file is not shown in place of another one to which somebody gave the same id', async () => {
    const messages = [await withFile(ann, 1, 'of Ann'), await withFile(eve, 2, 'of Eve')];
    const { chat } = chatWith(messages);
    const { port } = server.address() as AddressInfo;
    const files = new ChatFiles({
      roomId: 'team',
      request: (async (name: string, { seq }: { seq: number }) =>
        name === 'file.open'
          ? { url: `/${seq}` }
          : { thumbnail: thumbnails.get(seq) }) as ChatFilesHost['request'],
      url: (path) => `http://127.0.0.1:${port}${path}`,
      changed: () => {},
      sealed: async () => chat,
    });
    const textAt = async (url: string) => (await fetch(url)).text();
    // Eve's comes first, and both are open.
    const [second, first] = [await files.open(2, 'same-file'), await files.open(1, 'same-file')];
    assert.deepEqual([await textAt(first), await textAt(second)], ['of Ann', 'of Eve']);
    assert.equal(await files.open(1, 'same-file'), first, 'opened twice');
    const pictures = [await files.thumbnail(2, 'same-file'), await files.thumbnail(1, 'same-file')];
    assert.deepEqual(
      pictures.map((url) => new Uint8Array(Buffer.from(url.split(',')[1] ?? '', 'base64'))),
      [jpeg(2), jpeg(1)],
    );
    chat.close();
  });

  it('says of which account the answered message is', async () => {
    const message = await eve.message(1, 'hello');
    const { chat } = chatWith([message]);
    const { id, sealed = '' } = await chat.seal({ id: 'my-answer', text: 'hi', replyTo: 1 });
    const { content } = writers.reader();
    const opened = await content.open('message', id, sealed);
    assert.ok(typeof opened === 'object');
    assert.deepEqual((opened.content as { replyTo: unknown }).replyTo, {
      seq: 1,
      id: message.id,
      author: eve.accountId,
    });
  });

  it('reactions grow in version with each change, and taking them off is one', async () => {
    const message = await eve.message(1, 'hello');
    const { chat, alarms } = chatWith([message]);
    /** The server has it, and tells. */
    const deliver = async (rev: number, sealed: string | null | undefined) => {
      const sealedReactions = [{ accountId: ann.accountId, sealed: sealed ?? '' }];
      const raw = { ...message, rev, sealedReactions };
      chat.messages.update([raw]);
      return (await chat.messages.opened(raw))?.reactions.map(({ emoji }) => emoji);
    };
    const on = await chat.sealReaction(1, '👍', true);
    assert.deepEqual(await deliver(2, on.sealed), ['👍']);
    const first = chat.messages.reactionVersion(message.id, eve.accountId, ann.accountId) ?? 0;
    const off = await chat.sealReaction(1, '👍', false);
    assert.deepEqual(await deliver(3, off.sealed), []);
    const second = chat.messages.reactionVersion(message.id, eve.accountId, ann.accountId) ?? 0;
    assert.ok(first > 0 && second > first, `${first}, ${second}`);
    assert.deepEqual(await deliver(4, on.sealed), []);
    assert.deepEqual(alarms, []);
  });
});
