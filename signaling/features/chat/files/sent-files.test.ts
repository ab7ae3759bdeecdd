import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Device } from 'mediasoup-client';
import { createHandlerFactory } from '../../../../client/node/index.ts';
import { type Client, connect, type Room } from '../../../../client/sdk/index.ts';
import { CuttableRelay } from '../../../../test/support/cuttable-relay.ts';
import { InProcessServer } from '../../../../test/support/in-process-server.ts';
import { newIdentity } from '../../../../test/support/protocol-client.ts';
import { eventually } from '../../../../test/support/wait.ts';

describe('files sent with the SDK', () => {
  let server: InProcessServer;
  let relay: CuttableRelay;
  let turn = 0;
  const clients: Client[] = [];

  before(async () => {
    relay = await CuttableRelay.open(() => server.signaling.port);
    server = await InProcessServer.start({
      'server.origins': [relay.url],
      'limits.fileBytes': 5_000_000,
      'limits.diskFloorBytes': 0,
    });
  });
  after(async () => {
    relay.close();
    await server.close();
  });
  beforeEach(() => {
    turn += 1;
  });
  afterEach(async () => {
    relay.allow();
    for (const client of clients.splice(0)) {
      await client.close();
    }
  });

  const enter = async (url: string): Promise<Room> => {
    const handlerFactory = createHandlerFactory();
    const identity = await newIdentity(server);
    const client = await connect({ url, identity, createDevice: () => Device.factory({ handlerFactory }) });
    clients.push(client);
    const room = await client.join(`sent-files-${turn}`);
    await eventually('the chat is loaded', () => room.chat.isLoaded);
    return room;
  };
  const onDisk = () => readdirSync(join(server.dataDir, 'files'));
  const lastOf = ({ chat }: Room) => chat.messages.at(-1);

  it('a message arrives once its files are there, and later messages need not wait for it', async () => {
    const [ann, bob] = [await enter(server.url), await enter(server.url)];
    assert.deepEqual([ann.chat.maySendFiles, ann.chat.maxFileBytes], [true, 5_000_000]);
    const bytes = randomBytes(3_000_000);
    const upload = ann.chat.upload({
      data: new Blob([bytes]),
      name: 'Отчёт.bin',
      type: 'text/plain;charset=utf-8',
    });
    const seen = new Set<number>();
    ann.chat.on('changed', () => seen.add(upload.sentBytes));
    ann.chat.send({ text: 'With a file', files: [upload] });
    ann.chat.send({ text: 'Without' });
    await eventually('both are there', () => bob.chat.messages.length === 2);
    assert.equal(upload.state, 'done');
    assert.ok(seen.size > 2, 'progress was reported');
    const withFile = bob.chat.messages.find(({ text }) => text === 'With a file');
    const [file] = withFile?.files ?? [];
    assert.deepEqual(
      [file?.name, file?.size, file?.type],
      ['Отчёт.bin', bytes.length, 'application/octet-stream'],
    );
    const url = await bob.chat.openFile(withFile?.seq ?? 0, file?.fileId ?? '');
    assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes));
    assert.deepEqual(ann.chat.pending, []);
  });

  it('threat 12: an upload continues where it was after the network was lost', async () => {
    const ann = await enter(relay.url);
    const bob = await enter(server.url);
    const bytes = randomBytes(4_900_000);
    const upload = ann.chat.upload({ data: new Blob([bytes]), name: 'a' });
    ann.chat.send({ text: '', files: [upload] });
    let cuts = 0;
    ann.chat.on('changed', () => {
      if (upload.sentBytes > 1_000_000 * (cuts + 1) && cuts < 2) {
        cuts += 1;
        relay.cut();
      }
    });
    await eventually('it has arrived', () => lastOf(bob)?.files?.length === 1);
    assert.equal(cuts, 2);
    const { seq = 0, files: [file] = [] } = lastOf(bob) ?? {};
    const url = await bob.chat.openFile(seq, file?.fileId ?? '');
    assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes));
  });

  it('what is refused fails with its reason, and can be dropped; a cancelled upload leaves nothing', async () => {
    const ann = await enter(server.url);
    const large = ann.chat.upload({ data: new Blob([new Uint8Array(5_000_001)]), name: 'large' });
    const { id } = ann.chat.send({ text: 'Large', files: [large] });
    await eventually('it has failed', () => ann.chat.pending[0]?.state === 'failed');
    assert.equal(ann.chat.pending[0]?.error?.code, 'FILE_TOO_LARGE');
    ann.chat.retry(id);
    await eventually('it has failed again', () => large.state === 'failed');
    ann.chat.discard(id);
    assert.deepEqual(ann.chat.pending, []);
    const before = onDisk().length;
    const upload = ann.chat.upload({ data: new Blob([new Uint8Array(4_000_000)]), name: 'changed my mind' });
    const cancelled = Promise.withResolvers<void>();
    ann.chat.on('changed', () => {
      if (upload.state === 'uploading' && upload.sentBytes > 0) {
        upload.cancel();
        cancelled.resolve();
      }
    });
    await cancelled.promise;
    await eventually('it is gone', () => onDisk().length === before);
    assert.equal(upload.state, 'cancelled');
  });
});
