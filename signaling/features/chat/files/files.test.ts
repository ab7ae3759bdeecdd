import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { InProcessServer } from '../../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../../test/support/protocol-client.ts';
import { storeEngines } from '../../../../test/support/store-engines.ts';
import { eventually } from '../../../../test/support/wait.ts';
import { PIECE_BYTES } from './sealed-file.ts';

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(3000)]);
const LIMITS = {
  'limits.fileBytes': 1_000_000,
  'limits.fileBytesPerRoom': 1_500_000,
  'limits.fileBytesPerDay': 3_000_000,
  'limits.fileStoreBytes': 100_000_000,
  'limits.diskFloorBytes': 0,
};
/** The smallest JPEG that is one: 1 by 1 pixel, with an EXIF block. */
const THUMBNAIL = Buffer.from(
  'ffd8ffe1000e457869660000534543524554ffc0000b080001000101011100ffda0008010100003f00d2ffd9',
  'hex',
);

for (const engine of storeEngines()) {
  describe(`files in the chat (${engine.name})`, { skip: engine.skip }, () => {
    let server: InProcessServer;
    let turn = 0;
    let roomId = '';
    let olga: ProtocolClient;
    let max: ProtocolClient;
    const clients: ProtocolClient[] = [];

    before(async () => {
      server = await InProcessServer.start({ ...LIMITS, 'store.url': await engine.newUrl() });
    });
    after(async () => {
      await server.close();
      await engine.close();
    });
    beforeEach(async () => {
      turn += 1;
      roomId = `files-${turn}`;
      for (const client of clients.splice(0)) {
        client.close();
      }
      [olga, max] = [await enter('Olga'), await enter('Max')];
    });

    const enter = async (displayName: string, role = 'member', room = roomId) => {
      const identity = await newIdentity(server, {
        displayName,
        role,
        ...(role === 'guest' && { roomId: room }),
      });
      const client = await ProtocolClient.enter(server.url, identity);
      clients.push(client);
      await client.get('room.join', { roomId: room });
      await client.get('chat.sync', { roomId: room });
      return client;
    };
    const put = async (url: string, bytes: Uint8Array<ArrayBuffer> | Buffer, offset = 0) => {
      const response = await fetch(`${server.url}${url}&offset=${offset}`, {
        method: 'PUT',
        body: new Uint8Array(bytes),
      });
      const body = (await response.json()) as { received?: number; error?: { code: string } };
      return body.error?.code ?? body.received;
    };
    const upload = async (client: ProtocolClient, bytes: Buffer, more: object = {}) => {
      const fileId = randomUUID();
      const { url } = await client.get('file.start', { fileId, size: bytes.length, ...more });
      assert.equal(await put(url, bytes), bytes.length);
      return fileId;
    };
    const send = async (
      client: ProtocolClient,
      ...files: Array<{ fileId: string; name: string; type?: string }>
    ) => (await client.get('chat.send', { id: randomUUID(), text: '', files })).seq;
    const sent = async (client: ProtocolClient, bytes: Buffer, name = 'a.bin') => {
      const fileId = await upload(client, bytes);
      return { fileId, seq: await send(client, { fileId, name }) };
    };
    const get = async (client: ProtocolClient, place: { fileId: string; seq: number }, headers = {}) => {
      const { url } = await client.get('file.open', { roomId, ...place });
      return fetch(`${server.url}${url}`, { headers });
    };
    const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
    const onDisk = () => readdirSync(join(server.dataDir, 'files'));

    it('threats 38 and 40: a file is uploaded in portions, named in a message, and read by the others, whole or in part', async () => {
      const bytes = randomBytes(3 * PIECE_BYTES + 123);
      const fileId = randomUUID();
      const { url, received } = await olga.get('file.start', { fileId, size: bytes.length });
      assert.equal(received, 0);
      assert.equal(await put(url, bytes.subarray(0, PIECE_BYTES + 9)), PIECE_BYTES);
      assert.equal((await olga.get('file.start', { fileId, size: bytes.length })).received, PIECE_BYTES);
      const unfinished = { id: randomUUID(), text: '', files: [{ fileId, name: 'x' }] };
      assert.equal(await olga.refusal('chat.send', unfinished), 'FILE_INCOMPLETE');
      assert.equal(await put(url, bytes.subarray(PIECE_BYTES), PIECE_BYTES), bytes.length);
      // Once more changes nothing.
      assert.equal(await put(url, bytes), bytes.length);
      const seq = await send(olga, { fileId, name: '../../етс/\u202egnp.exe', type: 'image/png' });
      const { message } = await max.event('chat.sent');
      assert.deepEqual(message.files, [
        { fileId, name: '.._.._етс_gnp.exe', type: 'image/png', size: bytes.length },
      ]);
      const response = await get(max, { fileId, seq });
      assert.ok((await bytesOf(response)).equals(bytes));
      const header = (name: string) => response.headers.get(name);
      assert.equal(header('content-type'), 'application/octet-stream');
      assert.match(
        header('content-disposition') ?? '',
        /^attachment; filename="[^"/]+"; filename\*=UTF-8''\.\._/,
      );
      assert.equal(header('x-content-type-options'), 'nosniff');
      assert.match(header('content-security-policy') ?? '', /default-src 'none'.*sandbox/);
      assert.match(header('cache-control') ?? '', /no-store/);
      const part = await get(max, { fileId, seq }, { range: `bytes=${PIECE_BYTES - 5}-${PIECE_BYTES + 4}` });
      assert.deepEqual(
        [part.status, part.headers.get('content-range')],
        [206, `bytes ${PIECE_BYTES - 5}-${PIECE_BYTES + 4}/${bytes.length}`],
      );
      assert.ok((await bytesOf(part)).equals(bytes.subarray(PIECE_BYTES - 5, PIECE_BYTES + 5)));
      assert.equal((await get(max, { fileId, seq }, { range: `bytes=${bytes.length}-` })).status, 416);
      // Found by its name.
      assert.equal((await max.get('chat.search', { roomId, query: 'gnp' })).messages.length, 1);
    });

    it('no byte of a file or its thumbnail is on disk in the clear', async () => {
      const marker = Buffer.from(`marker-${randomUUID()}`);
      const bytes = Buffer.concat([randomBytes(PIECE_BYTES), marker, randomBytes(10)]);
      const fileId = await upload(olga, bytes, { thumbnail: THUMBNAIL.toString('base64') });
      const seq = await send(olga, { fileId, name: 'p.jpg' });
      assert.ok(!readFileSync(join(server.dataDir, 'files', fileId)).includes(marker));
      for (const name of readdirSync(server.dataDir).filter((each) => each.startsWith('canopy.sqlite'))) {
        const contents = readFileSync(join(server.dataDir, name));
        assert.ok(!contents.includes(THUMBNAIL.toString('base64').slice(0, 30)), name);
        assert.ok(!contents.includes(readFileSync(join(server.dataDir, 'files.key'), 'utf8').trim()), name);
      }
      const { thumbnail } = await max.get('file.thumbnail', { roomId, seq, fileId });
      // Without the EXIF block.
      assert.equal(Buffer.from(thumbnail, 'base64').length, THUMBNAIL.length - 16);
      assert.ok(!Buffer.from(thumbnail, 'base64').includes('Exif'));
    });

    it('an upload whose connection is lost keeps what arrived, and a newer one takes over', async () => {
      const bytes = randomBytes(4 * PIECE_BYTES);
      const fileId = randomUUID();
      const { url } = await olga.get('file.start', { fileId, size: bytes.length });
      const hanging = request(`${server.url}${url}&offset=0`, { method: 'PUT' });
      hanging.on('error', () => {});
      hanging.write(bytes.subarray(0, 2 * PIECE_BYTES + 7));
      const receivedNow = async () => (await olga.get('file.start', { fileId, size: bytes.length })).received;
      await eventually('two pieces are on disk', async () => (await receivedNow()) === 2 * PIECE_BYTES);
      assert.equal(await put(url, bytes.subarray(PIECE_BYTES), PIECE_BYTES), 'FILE_OFFSET');
      assert.equal(await put(url, bytes.subarray(2 * PIECE_BYTES), 2 * PIECE_BYTES), bytes.length);
      hanging.destroy();
      const seq = await send(olga, { fileId, name: 'a' });
      assert.ok((await bytesOf(await get(max, { fileId, seq }))).equals(bytes));
    });

    it('threat 40: whatever it claims to be, only what is a picture, sound or video is shown inline', async () => {
      const page = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
      const fileId = await upload(olga, page);
      const pictureId = await upload(olga, PNG);
      const seq = await send(
        olga,
        { fileId, name: 'p.png', type: 'image/png' },
        { fileId: pictureId, name: 'p.html', type: 'text/html' },
      );
      const [script, picture] = [await get(max, { fileId, seq }), await get(max, { fileId: pictureId, seq })];
      assert.equal(script.headers.get('content-type'), 'application/octet-stream');
      assert.match(script.headers.get('content-disposition') ?? '', /^attachment/);
      assert.equal(picture.headers.get('content-type'), 'image/png');
      assert.match(picture.headers.get('content-disposition') ?? '', /^inline/);
      assert.match(picture.headers.get('content-security-policy') ?? '', /sandbox/);
    });

    it('threat 5: a file is read only by those who may read its message', async () => {
      const { fileId, seq } = await sent(olga, randomBytes(100));
      const later = await enter('Later', 'guest');
      const outside = await enter('Outside', 'member', `other-${turn}`);
      for (const request of ['file.open', 'file.thumbnail']) {
        assert.equal(await later.refusal(request, { roomId, seq, fileId }), 'FILE_UNKNOWN');
        assert.equal(await outside.refusal(request, { roomId, seq, fileId }), 'FORBIDDEN');
        // Nor by naming it in another place.
        const other = { roomId: `other-${turn}`, seq: 1, fileId };
        assert.equal(await outside.refusal(request, other), 'FILE_UNKNOWN');
      }
      for (const client of [outside, later, max]) {
        const files = [{ fileId, name: 'mine' }];
        assert.equal(
          await client.refusal('chat.send', { id: randomUUID(), text: '', files }),
          'FILE_UNKNOWN',
        );
        assert.equal(await client.refusal('file.start', { fileId, size: 100 }), 'FILE_UNKNOWN');
        await client.get('file.cancel', { fileId });
      }
      assert.equal((await get(max, { fileId, seq })).status, 200);
    });

    it('threat 5: a ticket is good for one file, one direction and its account’s upload only', async () => {
      const first = await sent(olga, randomBytes(100));
      const second = await sent(olga, randomBytes(100));
      const { url: read } = await max.get('file.open', { roomId, ...first });
      const fileId = randomUUID();
      const { url: write } = await olga.get('file.start', { fileId, size: 100 });
      const status = async (path: string, init: RequestInit = {}) =>
        (await fetch(`${server.url}${path}`, init)).status;
      const bytes = { method: 'PUT', body: 'x' };
      assert.equal(await status(read), 200);
      for (const path of [
        read.replace(first.fileId, second.fileId),
        read.replace(/ticket=.{8}/, `ticket=${'0'.repeat(8)}`),
        read.replace(/\.(\d+)\./, (_match, until) => `.${Number(until) + 60_000}.`),
        read.replace(/ticket=.*/, 'ticket='),
        write.replace(fileId, first.fileId),
        write,
      ]) {
        assert.equal(await status(path), 403, path);
      }
      assert.equal(await status(`${read}&offset=0`, bytes), 403);
      assert.equal(await status(`${write.replace(fileId, second.fileId)}&offset=0`, bytes), 403);
      assert.equal(await status(`/api/files/..%2f..%2fca.key${read.slice(read.indexOf('?'))}`), 400);
    });

    it('threat 40: sizes are limited before a byte is sent, and more than announced is refused', async () => {
      const start = (size: number) => ({ fileId: randomUUID(), size });
      assert.equal(await olga.refusal('file.start', start(1_000_001)), 'FILE_TOO_LARGE');
      assert.equal(await olga.refusal('file.start', start(0)), 'BAD_REQUEST');
      const { url } = await olga.get('file.start', { fileId: randomUUID(), size: 10 });
      assert.equal(await put(url, randomBytes(11)), 'FILE_TOO_LARGE');
      await olga.get('file.start', start(900_000));
      assert.equal(await max.refusal('file.start', start(900_000)), 'FILES_FULL');
      const other = await enter('Busy', 'member', `busy-${turn}`);
      const daily = async (size: number) => {
        const fileId = randomUUID();
        const answer = await other.ask('file.start', { fileId, size });
        await other.get('file.cancel', { fileId });
        return answer.ok ? 'ok' : answer.error.code;
      };
      assert.deepEqual(
        [await daily(1_000_000), await daily(1_000_000), await daily(900_000), await daily(900_000)],
        ['ok', 'ok', 'ok', 'FILES_FULL'],
      );
      const many = await enter('Many', 'member', `many-${turn}`);
      const codes = [];
      for (let n = 0; n < 21; n += 1) {
        const answer = await many.ask('file.start', start(1));
        codes.push(answer.ok ? 'ok' : answer.error.code);
      }
      assert.deepEqual(codes, [...Array(20).fill('ok'), 'LIMIT_REACHED']);
    });

    it('viewers send no files, and a thumbnail is a small JPEG', async () => {
      const { accountId } = await accountOf(max);
      await olga.get('room.configure', { roomId, roles: { [accountId]: 'viewer' } });
      assert.equal(await max.refusal('file.start', { fileId: randomUUID(), size: 1 }), 'FORBIDDEN');
      assert.equal((await max.get('chat.sync', { roomId })).maySendFiles, false);
      for (const thumbnail of [
        PNG,
        Buffer.from('<svg/>'),
        Buffer.from('ffd8ffc0000b08ffffffff01011100ffda', 'hex'),
      ]) {
        const data = { fileId: randomUUID(), size: 1, thumbnail: thumbnail.toString('base64') };
        assert.equal(await olga.refusal('file.start', data), 'BAD_REQUEST');
      }
    });

    const accountOf = async (client: ProtocolClient) => {
      const seq = (await client.get('chat.send', { id: randomUUID(), text: 'me' })).seq;
      const { messages } = await client.get('chat.history', { roomId, after: seq - 1, limit: 1 });
      return { accountId: messages[0]?.author?.accountId ?? '' };
    };

    it('a file goes with its message, however that goes', async () => {
      const ways: Array<(seq: number) => Promise<unknown>> = [
        (seq) => olga.get('chat.delete', { seq }),
        (seq) => max.get('chat.delete', { seq }),
        (seq) => server.api('DELETE', `/api/rooms/${roomId}/chat/${seq}`),
        () => server.api('DELETE', `/api/rooms/${roomId}/chat`),
        () => olga.ask('room.delete', { roomId }).catch(() => 'she is disconnected'),
      ];
      for (const way of ways) {
        const { fileId, seq } = await sent(olga, randomBytes(100));
        const { url } = await max.get('file.open', { roomId, seq, fileId });
        assert.ok(onDisk().includes(fileId));
        await way(seq);
        await eventually('the file is gone', () => !onDisk().includes(fileId));
        assert.equal((await fetch(`${server.url}${url}`)).status, 404);
      }
    });

    it('deleting a message tells the others that its files are gone; editing keeps them', async () => {
      const { seq } = await sent(olga, randomBytes(100));
      await olga.get('chat.edit', { seq, text: 'See the file' });
      await olga.get('chat.edit', { seq, text: '' });
      const { messages } = await max.get('chat.history', { roomId });
      assert.deepEqual(messages[0]?.files?.length, 1);
      await olga.get('chat.delete', { seq });
      const { change } = await max.event('chat.changed', (event) => event.change?.gone !== undefined);
      assert.deepEqual(change, { gone: 'deleted', text: '', mentions: [], reactions: [], files: [] });
      const text = await olga.get('chat.send', { id: randomUUID(), text: 'x' });
      assert.equal(await olga.refusal('chat.edit', { seq: text.seq, text: '' }), 'BAD_REQUEST');
    });

    it('threat 40: what is damaged on disk is refused, not shown', async () => {
      const { fileId, seq } = await sent(olga, randomBytes(100));
      const path = join(server.dataDir, 'files', fileId);
      const sealed = readFileSync(path);
      sealed[50] = (sealed[50] ?? 0) ^ 1;
      writeFileSync(path, sealed);
      const response = await get(max, { fileId, seq });
      assert.equal(response.status, 500);
      assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'FILE_UNREADABLE');
    });

    it('threat 71: many uploads of one file at the same time, also without content, end one after the other', async () => {
      const bytes = randomBytes(PIECE_BYTES);
      const fileId = randomUUID();
      const { url } = await olga.get('file.start', { fileId, size: bytes.length });
      const uncaught: Error[] = [];
      const note = (error: Error) => uncaught.push(error);
      process.on('uncaughtException', note);
      for (const length of [0, 0, 1, PIECE_BYTES / 2]) {
        // The latest one wins. The connections of others may be closed.
        const outcomes = await Promise.allSettled(
          Array.from({ length: 6 }, () => put(url, bytes.subarray(0, length))),
        );
        const answers = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
        assert.ok(
          answers.every((answer) => answer === 0 || answer === 'FILE_OFFSET'),
          answers.join(),
        );
      }
      assert.equal(await put(url, bytes), bytes.length);
      process.off('uncaughtException', note);
      assert.deepEqual(uncaught, [], 'the server would have ended');
    });

    it('threat 5: whoever was revoked can no longer use a URL that they have', async () => {
      const identity = await newIdentity(server, { displayName: 'Eve' });
      const eve = await ProtocolClient.open(server.url);
      const { accountId } = await eve.get('auth.prove', await eve.proof(identity));
      await eve.get('room.join', { roomId });
      const file = await eve.get('file.start', { fileId: randomUUID(), size: 1 });
      const own = await eve.get('account.export', {});
      await server.api('POST', `/api/accounts/${accountId}/revoke`);
      assert.equal(await put(file.url, Buffer.from('x')), 'CERT_REVOKED');
      assert.equal((await fetch(`${server.url}${own.url}`)).status, 403);
    });

    it('an account has at most six transfers at a time', async () => {
      const fileIds = Array.from({ length: 7 }, () => randomUUID());
      const open = [];
      for (const fileId of fileIds.slice(0, 6)) {
        const { url } = await olga.get('file.start', { fileId, size: 100 });
        const hanging = request(`${server.url}${url}&offset=0`, { method: 'PUT' });
        hanging.on('error', () => {});
        hanging.write('x');
        open.push(hanging);
      }
      const { url } = await olga.get('file.start', { fileId: fileIds[6] ?? '', size: 1 });
      await eventually(
        'all six are counted',
        async () => (await put(url, Buffer.from('x'))) === 'RATE_LIMITED',
      );
      for (const hanging of open) {
        hanging.destroy();
      }
      await eventually('there is room again', async () => (await put(url, Buffer.from('x'))) === 1);
    });
  });
}
