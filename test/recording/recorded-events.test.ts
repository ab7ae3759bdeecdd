// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type RecordingEvent, recordingEvent } from '../../contract/index.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { TestServer } from '../support/server.ts';
import { unzip } from '../support/unzip.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'beside';

describe('what happens beside the tracks of a recording', () => {
  let server: TestServer;
  let olga: ProtocolClient;
  let max: ProtocolClient;
  let recordingId = '';
  const seqs: Record<string, number> = {};
  const clients: ProtocolClient[] = [];

  before(async () => {
    server = await TestServer.start();
    olga = await connect('Olga');
    max = await connect('Max');
    await olga.get('room.create', { roomId: ROOM });
    await olga.get('room.join', { roomId: ROOM });
    const { participantId = '' } = await max.get('room.join', { roomId: ROOM });
    await write(olga, 'before');
    ({ recordingId } = await olga.get('recording.start', { mode: 'audio' }));
    await write(olga, 'question');
    await write(max, 'a mistake');
    await write(max, 'answr');
    await olga.get('participant.spotlight', { participantId, on: true });
    await noted('spotlight', 1);
    await max.get('participant.rename', { displayName: 'Maximilian' });
    await noted('renamed', 1);
    await olga.get('recording.pause', {});
    await write(olga, 'off the record');
    await olga.get('recording.resume', {});
    await write(max, 'last');
    await max.get('room.leave', {});
    await noted('spotlight', 2);
    await olga.get('recording.stop', {});
    await write(olga, 'after');
  });
  after(async () => {
    for (const client of clients) {
      client.close();
    }
    await server?.close();
  });

  async function connect(displayName: string): Promise<ProtocolClient> {
    const client = await ProtocolClient.enter(server.url, await newIdentity(server, { displayName }));
    clients.push(client);
    return client;
  }
  async function write(client: ProtocolClient, text: string): Promise<void> {
    const { seq } = await client.get('chat.send', { id: crypto.randomUUID(), text });
    seqs[text] = seq;
  }
  const folder = () => join(server.dataDir, 'recordings', recordingId);
  const events = async (): Promise<RecordingEvent[]> =>
    (await readFile(join(folder(), 'events.jsonl'), 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => recordingEvent.parse(JSON.parse(line)));
  const noted = (kind: RecordingEvent['kind'], count: number) =>
    eventually(`${count} × ${kind}`, async () => {
      return (await events()).filter((event) => event.kind === kind).length === count;
    });
  const place = () => ({ roomId: ROOM, recordingId });
  const read = async (client: ProtocolClient) => {
    const { messages, next } = await client.get('recording.chat', place());
    assert.equal(next, null);
    return messages.map(({ displayName, text }) => `${displayName}: ${text}`);
  };

  it('who was there under which name, and whom moderators showed large, is noted with positions', async () => {
    const all = await events();
    const joined = all.flatMap((event) => (event.kind === 'joined' ? event.displayName : [])).sort();
    assert.deepEqual(joined, ['Max', 'Olga']);
    const renamed = all.find((event) => event.kind === 'renamed');
    assert.equal(renamed?.displayName, 'Maximilian');
    const lit = all.flatMap((event) => (event.kind === 'spotlight' ? [event.participantIds] : []));
    assert.deepEqual(lit, [[renamed?.participantId], []]);
    const positions = all.map(({ atMs }) => atMs);
    assert.deepEqual(
      positions,
      positions.toSorted((one, other) => one - other),
    );
  });

  it('what was written meanwhile has a position, but not what was written in a pause', async () => {
    assert.deepEqual(await read(olga), [
      'Olga: question',
      'Max: a mistake',
      'Max: answr',
      'Maximilian: last',
    ]);
    const { messages } = await olga.get('recording.chat', place());
    const positions = messages.map(({ atMs }) => atMs);
    assert.deepEqual(
      positions,
      positions.toSorted((one, other) => one - other),
    );
    const { recordings } = await olga.get('recording.list', { roomId: ROOM });
    assert.ok((positions.at(-1) ?? 0) <= (recordings[0]?.durationMs ?? 0) + 1000, `${positions}`);
    const later = await olga.get('recording.chat', { ...place(), after: seqs.answr });
    assert.deepEqual(
      later.messages.map(({ text }) => text),
      ['last'],
    );
  });

  it('threat 40: a deleted message is in no recording any more, and an edited one as it is now', async () => {
    await max.get('room.join', { roomId: ROOM });
    await max.get('chat.delete', { seq: seqs['a mistake'] ?? 0 });
    await max.get('chat.edit', { seq: seqs.answr ?? 0, text: 'answer' });
    assert.deepEqual(await read(olga), ['Olga: question', 'Max: answer', 'Maximilian: last']);
    const { zipUrl } = await olga.get('recording.open', place());
    const response = await fetch(new URL(zipUrl, server.url));
    const files = unzip(Buffer.from(await response.arrayBuffer()));
    const chat = JSON.parse(String(files.get('chat.json'))) as Array<{ text: string }>;
    assert.deepEqual(
      chat.map(({ text }) => text),
      ['question', 'answer', 'last'],
    );
    for (const file of await readdir(folder())) {
      assert.doesNotMatch(await readFile(join(folder(), file), 'latin1'), /mistake|question/, file);
    }
  });

  it('threat 40: whoever may not read the chat of that time sees none of it', async () => {
    const mia = await connect('Mia');
    assert.deepEqual(await read(mia), []);
    // From now on she reads the chat, but not what was written before.
    await mia.get('room.join', { roomId: ROOM });
    await mia.get('chat.sync', { roomId: ROOM });
    assert.deepEqual(await read(mia), []);
    await olga.get('room.configure', { roomId: ROOM, chatHistory: 'all' });
    assert.equal((await read(mia)).length, 3);
    const gus = await ProtocolClient.enter(
      server.url,
      await newIdentity(server, { displayName: 'Gus', role: 'guest', roomId: ROOM }),
    );
    clients.push(gus);
    assert.equal(await gus.refusal('recording.chat', place()), 'FORBIDDEN');
    await max.get('room.create', { roomId: 'other' });
    assert.equal(await max.refusal('recording.chat', { ...place(), roomId: 'other' }), 'RECORDING_UNKNOWN');
  });

  it('the chat is gone with the whole chat of the room', async () => {
    await server.api('DELETE', `/api/rooms/${ROOM}/chat`);
    assert.deepEqual(await read(olga), []);
  });
});
