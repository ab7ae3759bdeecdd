// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { Device } from 'mediasoup-client';
import { createHandlerFactory } from '../../client/node/index.ts';
import {
  type ChatMessage,
  type Client,
  connect,
  type Identity,
  openMediaEncryption,
  type Reaction,
  type Room,
} from '../../client/sdk/index.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const SECRET = 'the merger is on Tuesday';
const FILE_NAME = 'Übernahmeangebot.txt';
const FILE_TEXT = 'forty-two million, and not a cent more';
const PATIENCE_MS = 60_000;

/** Everybody who has entered, so that a test that fails leaves nobody behind. */
const clients = new Set<Client>();

async function enter(server: TestServer, roomId: string, identity?: Identity): Promise<Room> {
  const handlerFactory = createHandlerFactory();
  const client = await connect({
    url: server.url,
    identity: identity ?? (await newIdentity(server)),
    createDevice: () => Device.factory({ handlerFactory }),
  });
  clients.add(client);
  const room = await client.join(roomId, { encryption: await openMediaEncryption() });
  await eventually('the chat', () => room.chat.isLoaded, Boolean, PATIENCE_MS);
  return room;
}

/** Waits until a chat shows a message. */
async function shows(
  room: Room,
  what: string,
  isIt: (message: ChatMessage) => boolean,
): Promise<ChatMessage> {
  const messages = await eventually(
    what,
    () => room.chat.messages,
    (list) => list.some(isIt),
    PATIENCE_MS,
  );
  return messages.find(isIt) as ChatMessage;
}
const withText = (text: string) => (message: ChatMessage) => message.text === text;
const alarms = (room: Room) => room.encryption?.state?.alarms ?? [];
const accountOf = (room: Room) => room.participants.get(room.participantId ?? '')?.accountId ?? '';

describe('the chat of an encrypted room', () => {
  let server: TestServer;
  let ann: Room;
  let bob: Room;
  let bobIdentity: Identity;
  const ROOM = 'encrypted';

  before(async () => {
    server = await TestServer.start();
    await server.api('POST', '/api/rooms', { roomId: ROOM, encryption: 'required' });
    bobIdentity = await newIdentity(server);
    ann = await enter(server, ROOM);
    bob = await enter(server, ROOM, bobIdentity);
    for (const room of [ann, bob]) {
      await eventually(
        'both members',
        () => room.encryption?.state,
        (state) => state?.state === 'ready' && state.members.length === 2,
        PATIENCE_MS,
      );
    }
  });
  after(async () => {
    await Promise.all([...clients].map((client) => client.close()));
    await server.close();
  });

  /** All bytes that the server keeps, its log, and what it sends to whoever asks. */
  async function everythingStored(): Promise<Buffer> {
    const names = await readdir(server.dataDir, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    const contents = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name))));
    return Buffer.concat([...contents, Buffer.from(server.log)]);
  }

  it('messages, replies, mentions, edits and reactions are the same for all members', async () => {
    const heard: string[] = [];
    bob.chat.on('message', ({ text }, isMention) => heard.push(`${text} ${isMention}`));
    ann.chat.send({ text: SECRET, mentions: [accountOf(bob)] });
    const first = await shows(bob, 'the message', withText(SECRET));
    assert.deepEqual(first.mentions, [accountOf(bob)]);
    assert.equal(first.author?.accountId, accountOf(ann));
    await eventually(
      'the news',
      () => heard,
      (list) => list.includes(`${SECRET} true`),
      PATIENCE_MS,
    );
    bob.chat.send({ text: 'Really?', replyTo: first.seq });
    const reply = await shows(ann, 'the reply', withText('Really?'));
    assert.equal(reply.replyTo, first.seq);
    assert.equal(reply.replyToId, first.id);
    await bob.chat.react(first.seq, '🎉', true);
    await bob.chat.react(first.seq, '👍', true);
    await ann.chat.react(first.seq, '👍', true);
    await bob.chat.react(first.seq, '🎉', false);
    for (const room of [ann, bob]) {
      await shows(room, 'the reactions', ({ seq, reactions }) => {
        const [only, ...more] = reactions;
        return seq === first.seq && only?.emoji === '👍' && only.accountIds.length === 2 && more.length === 0;
      });
    }
    await ann.chat.edit(first.seq, `${SECRET}, not Monday`);
    const edited = await shows(bob, 'the edit', withText(`${SECRET}, not Monday`));
    assert.ok(edited.editedAtMs);
    assert.equal(edited.reactions.length, 1);
    await bob.chat.delete(reply.seq);
    await shows(ann, 'the deletion', ({ seq, gone }) => seq === reply.seq && gone === 'deleted');
    assert.deepEqual([alarms(ann), alarms(bob)], [[], []]);
  });

  it('files and their names are encrypted, and read by the members', async () => {
    const upload = ann.chat.upload({ data: new Blob([FILE_TEXT]), name: FILE_NAME, type: 'text/plain' });
    ann.chat.send({ text: 'see', files: [upload] });
    const { seq, files = [] } = await shows(bob, 'the file', ({ files = [] }) => files.length === 1);
    const [file] = files;
    assert.equal(file?.name, FILE_NAME);
    assert.equal(file?.size, Buffer.byteLength(FILE_TEXT));
    const opened = await bob.chat.downloadFile(seq, file?.fileId ?? '');
    assert.equal(await opened.text(), FILE_TEXT);
    assert.equal(opened.type, 'application/octet-stream');
  });

  it('reactions in the call are encrypted', async () => {
    const seen: Reaction[] = [];
    bob.reactions.on('reactions', (reactions) => seen.push(...reactions));
    await ann.reactions.send('applause');
    await eventually(
      'applause',
      () => seen,
      (list) => list.length === 1,
      PATIENCE_MS,
    );
    assert.deepEqual(seen, [{ participantId: ann.participantId, kind: 'applause', count: 1 }]);
  });

  it('members search on their devices, and the server cannot', async () => {
    const found = async (query: string) => (await bob.chat.search(query)).messages.map(({ text }) => text);
    assert.deepEqual(await found('merg tues'), [`${SECRET}, not Monday`]);
    assert.deepEqual(await found('übernahme'), ['see']);
    assert.deepEqual(await found('nothing'), []);
    await assert.rejects(server.api('GET', `/api/rooms/${ROOM}/chat/search?query=merger`), /ENCRYPTED_ROOM/);
    const exported = await fetch(new URL(`/api/rooms/${ROOM}/chat/export?format=text`, server.url), {
      headers: { authorization: server.authorization },
    });
    assert.match(await exported.text(), /\[encrypted message\] \[edited\]\n/);
  });

  it('threat 24: nothing of it is in the server’s database, files and log; without encryption it is', async () => {
    const stored = await everythingStored();
    for (const secret of [SECRET, 'Really?', FILE_NAME, FILE_TEXT]) {
      assert.ok(!stored.includes(secret), secret);
      assert.ok(!stored.includes(Buffer.from(secret).toString('base64').slice(0, 12)), `${secret} in base64`);
    }
    const clear = await enter(server, 'clear');
    clear.chat.send({ text: SECRET, files: [clear.chat.upload({ data: new Blob(['x']), name: FILE_NAME })] });
    await shows(clear, 'the message', withText(SECRET));
    const readable = await everythingStored();
    assert.ok(readable.includes(SECRET));
    assert.ok(readable.includes(FILE_NAME));
    await clear.leave();
  });

  it('the server refuses what is not encrypted', async () => {
    const eve = await ProtocolClient.enter(server.url, await newIdentity(server));
    await eve.get('room.join', { roomId: ROOM, encrypts: true });
    const id = 'eves-message';
    assert.equal(await eve.refusal('chat.send', { id, text: 'hello' }), 'ENCRYPTION_REQUIRED');
    const sealed = Buffer.alloc(314).toString('base64');
    assert.equal(await eve.refusal('chat.send', { id, text: 'hello', sealed }), 'ENCRYPTION_REQUIRED');
    assert.equal(
      await eve.refusal('chat.send', { id, sealed, files: [{ fileId: crypto.randomUUID(), name: 'a.txt' }] }),
      'ENCRYPTION_REQUIRED',
    );
    assert.equal(await eve.refusal('chat.send', { id, sealed }), 'ENCRYPTION_INVALID');
    assert.equal(await eve.refusal('chat.edit', { seq: 1, text: 'hello' }), 'ENCRYPTION_REQUIRED');
    assert.equal(await eve.refusal('chat.react', { seq: 1, emoji: '👍', on: true }), 'ENCRYPTION_REQUIRED');
    assert.equal(await eve.refusal('reaction.send', { kind: 'like' }), 'ENCRYPTION_REQUIRED');
    assert.equal(await eve.refusal('chat.search', { roomId: ROOM, query: 'merger' }), 'ENCRYPTED_ROOM');
    await eve.get('room.leave', {});
    await eve.get('room.join', { roomId: 'other', encrypts: true });
    assert.equal(await eve.refusal('chat.send', { id, sealed }), 'ENCRYPTION_INVALID');
    assert.equal(await eve.refusal('reaction.send', { sealed }), 'ENCRYPTION_INVALID');
    eve.close();
  });

  it('newcomers read only what is written from then on, and see how much they cannot read', async () => {
    const late = await enter(server, ROOM);
    await eventually(
      'the epoch',
      () => late.encryption?.state?.state,
      (state) => state === 'ready',
      PATIENCE_MS,
    );
    ann.chat.send({ text: 'welcome' });
    const welcome = await shows(late, 'the message', withText('welcome'));
    await shows(bob, 'the message', withText('welcome'));
    // Somebody who was there before reads all of it after a reload of the chat.
    const texts = (await bob.chat.export()).map(({ text }) => text);
    assert.deepEqual(texts, [`${SECRET}, not Monday`, '', 'see', 'welcome']);
    assert.deepEqual((await late.chat.export()).map(({ seq }) => seq).includes(welcome.seq), true);
    assert.deepEqual(alarms(late), []);
    await late.leave();
  });

  it('threat 24: members notice messages that the server moved, repeated, attributed to others or wrote itself', async () => {
    ann.chat.send({ text: 'I agree' });
    const { seq } = await shows(bob, 'the message', withText('I agree'));
    bob.chat.send({ text: 'I do not' });
    const other = await shows(ann, 'the other', withText('I do not'));
    assert.deepEqual(alarms(bob), []);
    const database = new DatabaseSync(join(server.dataDir, 'canopy.sqlite'));
    database.exec('pragma busy_timeout = 10000');
    // Bob's message becomes Ann's, and hers gets the content of her first one.
    const attribute = database.prepare(
      'update chat_messages set account_id = ? where room_id = ? and seq = ?',
    );
    attribute.run(accountOf(ann), ROOM, other.seq);
    const [first] = bob.chat.messages;
    database
      .prepare(
        `update chat_messages set sealed = (select sealed from chat_messages where room_id = ?1 and seq = ?2)
         where room_id = ?1 and seq = ?3`,
      )
      .run(ROOM, first?.seq ?? 0, seq);
    database.close();
    const texts = (await bob.chat.export()).map(({ text }) => text);
    assert.ok(!texts.includes('I agree') && !texts.includes('I do not'), texts.join());
    await eventually(
      'the alarm',
      () => alarms(bob).map(({ kind }) => kind),
      (kinds) => kinds.includes('content'),
      PATIENCE_MS,
    );
  });
});
