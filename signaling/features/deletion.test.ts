import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../client/sdk/index.ts';
import type { RequestResult } from '../../contract/index.ts';
import { InProcessServer } from '../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../test/support/protocol-client.ts';
import { storeEngines } from '../../test/support/store-engines.ts';
import { unzip } from '../../test/support/unzip.ts';
import { eventually } from '../../test/support/wait.ts';
import { openStore } from '../store/index.ts';
import { MIGRATIONS } from './index.ts';

/** What somebody leaves, in words that nothing else has. */
const mark = () => `marker${randomBytes(6).toString('hex')}`;
/** Tables that may name a deleted account, by its id alone. */
const MAY_KEEP_ID: readonly string[] = ['revocations'];
/** Tables that may name a deleted room: what was done in it, and by whom. */
const MAY_KEEP_ROOM: readonly string[] = ['audit'];

type Poll = RequestResult<'poll.list'>['polls'][number];
type RecentCall = RequestResult<'call.list'>['calls'][number];

interface Someone {
  identity: Identity;
  accountId: string;
  client: ProtocolClient;
}

for (const engine of storeEngines()) {
  describe(`what is deleted is gone (${engine.name})`, { skip: engine.skip }, () => {
    let server: InProcessServer;
    let url: string | undefined;

    before(async () => {
      url = await engine.newUrl();
      server = await InProcessServer.start({ 'store.url': url, 'limits.diskFloorBytes': 0 });
    });
    after(async () => {
      await server.close();
      await engine.close();
    });

    const enter = async (displayName: string, roomId: string): Promise<Someone> => {
      const identity = await newIdentity(server, { displayName });
      const client = await ProtocolClient.open(server.url);
      const { accountId } = await client.get('auth.prove', await client.proof(identity));
      await client.get('room.join', { roomId });
      await client.get('chat.sync', { roomId });
      return { identity, accountId, client };
    };
    const upload = async ({ client }: Someone, bytes: Buffer) => {
      const fileId = randomUUID();
      const { url: target } = await client.get('file.start', { fileId, size: bytes.length });
      const body = new Uint8Array(bytes);
      assert.ok((await fetch(`${server.url}${target}&offset=0`, { method: 'PUT', body })).ok);
      return fileId;
    };
    const say = async (
      { client }: Someone,
      text: string,
      files: Array<{ fileId: string; name: string }> = [],
    ) => (await client.get('chat.send', { id: randomUUID(), text, files })).seq;

    /** The tables with a row that contains a text. */
    const tablesWith = async (text: string) => {
      const store = await openStore(server.dataDir, { migrations: MIGRATIONS, url, migrateTo: null });
      const found: string[] = [];
      for (const table of await store.tables()) {
        await store.snapshot(async (db) => {
          for await (const row of store.rows(db, table)) {
            if (JSON.stringify(row).includes(text)) {
              found.push(table);
            }
          }
        });
      }
      await store.close();
      return [...new Set(found)];
    };
    /** The files of the data folder that contain a text: also in free pages of the database, and in its journal. */
    const filesWith = (text: string) =>
      readdirSync(server.dataDir, { recursive: true, encoding: 'utf8' }).filter((name) => {
        const path = join(server.dataDir, name);
        return statSync(path).isFile() && readFileSync(path).includes(text);
      });

    it('an account leaves nothing but its id among the revocations, in any table or file', async () => {
      const [name, text, word, title] = [mark(), mark(), mark(), mark()];
      const roomId = `shared-${randomUUID()}`;
      const owner = await enter('Olga', roomId);
      const max = await enter(`Max ${name}`, roomId);
      const own = `own-${mark()}`;
      await max.client.get('room.create', { roomId: own, title });
      const heired = `heired-${randomUUID()}`;
      await max.client.get('room.create', { roomId: heired, roles: { [owner.accountId]: 'owner' } });
      const kept = await upload(owner, randomBytes(100));
      const keptSeq = await say(owner, 'stays', [{ fileId: kept, name: 'kept.bin' }]);
      const sent = await upload(max, randomBytes(70_000));
      await say(max, `${text} and ${word}`, [{ fileId: sent, name: `${mark()}.bin` }]);
      const unsent = await upload(max, randomBytes(100));
      await max.client.get('chat.react', { seq: keptSeq, emoji: '👍', on: true });
      await owner.client.get('chat.send', { id: randomUUID(), text: 'hi', mentions: [max.accountId] });
      await owner.client.get('link.create', { roomId });
      const dataFiles = () => readdirSync(join(server.dataDir, 'files'));
      assert.ok(dataFiles().includes(sent) && dataFiles().includes(unsent));
      assert.notDeepEqual(await tablesWith(text), []);

      const { accountId } = max;
      assert.equal(await max.client.refusal('account.delete', { accountId: owner.accountId }), 'FORBIDDEN');
      void max.client.ask('account.delete', { accountId }).catch(() => {});
      assert.equal(await max.client.ended(), 'CERT_REVOKED');
      await eventually('the account is gone', async () => {
        const { body } = await server.api('GET', '/api/accounts?limit=1000');
        return !JSON.stringify(body).includes(accountId);
      });
      await eventually('nothing names it', async () =>
        (await tablesWith(accountId)).every((table) => MAY_KEEP_ID.includes(table)),
      );
      assert.ok((await tablesWith(own)).every((table) => MAY_KEEP_ROOM.includes(table)));
      for (const marker of [name, text, word, title]) {
        assert.deepEqual(await tablesWith(marker), [], marker);
      }
      await eventually('the database is rewritten', () =>
        [name, text, word, title].every((each) => filesWith(each).length === 0),
      );
      assert.deepEqual(dataFiles(), [kept]);
      // What others have is still there, and a room with another owner went over to them.
      const { messages } = await owner.client.get('chat.history', { roomId });
      assert.deepEqual(
        messages.map(({ text: each, gone, author }) => [each, gone, author?.displayName]),
        [
          ['stays', undefined, 'Olga'],
          ['', 'deleted', undefined],
          ['hi', undefined, 'Olga'],
        ],
      );
      assert.deepEqual([messages[0]?.reactions, messages[2]?.mentions], [[], []]);
      assert.equal((await owner.client.get('room.configure', { roomId: heired })).ownerId, owner.accountId);
      // Its certificate is of no use any more.
      const back = await ProtocolClient.open(server.url);
      assert.equal(await back.refusal('auth.prove', await back.proof(max.identity)), 'CERT_REVOKED');
    });

    it('the operator deletes an account; a guest that merely expires leaves its texts', async () => {
      const roomId = `office-${randomUUID()}`;
      const text = mark();
      const max = await enter('Max', roomId);
      await say(max, text);
      assert.equal((await server.api('DELETE', `/api/accounts/${max.accountId}`)).status, 200);
      assert.deepEqual(await tablesWith(text), []);
      assert.equal((await server.api('DELETE', `/api/accounts/${max.accountId}`)).status, 404);
    });

    it('a room leaves nothing, in any table or file', async () => {
      const [text, title] = [mark(), mark()];
      const roomId = `room-${mark()}`;
      const olga = await enter('Olga', roomId);
      await olga.client.get('room.configure', { roomId, title });
      const fileId = await upload(olga, randomBytes(1000));
      await say(olga, text, [{ fileId, name: 'a.bin' }]);
      await olga.client.get('link.create', { roomId });
      assert.equal((await server.api('DELETE', `/api/saved-rooms/${roomId}`)).status, 200);
      assert.ok((await tablesWith(roomId)).every((table) => MAY_KEEP_ROOM.includes(table)));
      for (const marker of [text, title]) {
        assert.deepEqual(await tablesWith(marker), [], marker);
      }
      await eventually(
        'the file is gone',
        () => !readdirSync(join(server.dataDir, 'files')).includes(fileId),
      );
      await eventually('the database is rewritten', () =>
        [text, title].every((each) => filesWith(each).length === 0),
      );
    });

    it('an account and a room are exported as ZIP files, with their files, for their owners only', async () => {
      const roomId = `export-${randomUUID()}`;
      const [olga, max] = [await enter('Olga', roomId), await enter('Max', roomId)];
      const bytes = randomBytes(150_000);
      const fileId = await upload(max, bytes);
      await say(olga, 'from Olga');
      const seq = await say(max, 'from Max', [{ fileId, name: 'Отчёт.bin' }]);
      const account = await unzipped(`${server.url}${(await max.client.get('account.export', {})).url}`);
      assert.equal(JSON.parse(account.get('account.json')?.toString() ?? '').displayName, 'Max');
      assert.ok(JSON.parse(account.get('rooms.json')?.toString() ?? ''));
      const own = JSON.parse(account.get(`chats/1 ${roomId}/messages.json`)?.toString() ?? '');
      assert.deepEqual(
        own.map(({ text }: { text: string }) => text),
        ['from Max'],
      );
      assert.ok(account.get(`chats/1 ${roomId}/files/${seq}-1 Отчёт.bin`)?.equals(bytes));
      assert.equal(await max.client.refusal('room.export', { roomId }), 'FORBIDDEN');
      const room = await unzipped(`${server.url}${(await olga.client.get('room.export', { roomId })).url}`);
      assert.equal(JSON.parse(room.get('room.json')?.toString() ?? '').roomId, roomId);
      const all = JSON.parse(room.get('chat/messages.json')?.toString() ?? '');
      assert.deepEqual(
        all.map(({ text }: { text: string }) => text),
        ['from Olga', 'from Max'],
      );
      assert.ok(room.get(`chat/files/${seq}-1 Отчёт.bin`)?.equals(bytes));
      assert.equal(room.get('polls/polls.json'), undefined);
      assert.equal((await server.api('GET', `/api/accounts/${'0'.repeat(64)}/export`)).status, 404);
      assert.equal(
        (await fetch(`${server.url}/api/export?ticket=${max.accountId}.9999999999999.x`)).status,
        403,
      );
      assert.equal((await fetch(`${server.url}/api/rooms/${roomId}/export`)).status, 401);
    });

    it('contacts, calls and polls are in the export of an account, and polls in that of a room', async () => {
      const roomId = `asked-${randomUUID()}`;
      const olga = await enter('Olga', roomId);
      const max = await enter('Max', roomId);
      const contact = { contactId: randomUUID(), name: 'Zoë, Ms.', emails: [{ address: 'zoe@example.com' }] };
      const vcard = ['FN:Zoë\\, Ms.', 'BDAY:--0412'];
      await max.client.get('contact.put', { contacts: [{ ...contact, vcard }] });
      const clientId = randomUUID();
      await max.client.get('call.watch', { clientId });
      await max.client.get('call.start', { callId: randomUUID(), clientId, to: olga.accountId });
      const ask = async ({ client }: Someone, question: string, options: object = {}) => {
        const poll = { question, answers: ['=Yes', 'No'], open: true, ...options };
        return (await client.get('poll.create', poll)).pollId;
      };
      const named = await ask(max, 'Lunch?');
      const secret = await ask(olga, 'Pay rise?', { anonymous: true, results: 'closed' });
      await ask(olga, 'Draft?', { open: false });
      for (const [pollId, answer] of [
        [named, 0],
        [secret, 1],
      ] as const) {
        await max.client.get('poll.vote', { pollId, answers: [answer] });
      }
      const exported = async ({ client }: Someone) =>
        unzipped(`${server.url}${(await client.get('account.export', {})).url}`);
      const json = (files: Map<string, Buffer>, name: string) =>
        JSON.parse(files.get(name)?.toString() ?? '');

      const own = await exported(max);
      const cards = own.get('contacts/contacts.vcf')?.toString().split('\r\n') ?? [];
      for (const line of ['VERSION:4.0', ...vcard, 'EMAIL:zoe@example.com']) {
        assert.ok(cards.includes(line), line);
      }
      assert.equal(json(own, 'contacts/contacts.json')[0].name, contact.name);
      const { calls } = json(own, 'calls.json');
      assert.deepEqual(
        calls.map(({ peer, direction }: RecentCall) => [peer.displayName, direction]),
        [['Olga', 'outgoing']],
      );
      const asked = (files: Map<string, Buffer>) =>
        json(files, 'polls.json').map(({ question, vote, counts }: Poll) => [question, vote, counts]);
      assert.deepEqual(asked(own).sort(), [
        ['Lunch?', [0], [1, 0]],
        ['Pay rise?', [1], undefined],
      ]);
      assert.deepEqual(asked(await exported(olga)).sort(), [
        ['Draft?', undefined, [0, 0]],
        ['Pay rise?', [], [0, 1]],
      ]);

      await server.api('DELETE', `/api/accounts/${max.accountId}`);
      await olga.client.get('poll.close', { pollId: secret });
      const room = await unzipped(`${server.url}${(await olga.client.get('room.export', { roomId })).url}`);
      const polls: Poll[] = json(room, 'polls/polls.json');
      assert.deepEqual(
        polls.map(({ question, author, counts }) => [question, author?.displayName, counts]),
        [
          ['Lunch?', undefined, [0, 0]],
          ['Pay rise?', 'Olga', [0, 0]],
        ],
      );
      const [, lunch = ''] = room.get('polls/polls.csv')?.toString().split('\r\n') ?? [];
      assert.match(lunch, /^"Lunch\?",.*"'=Yes","0","","Deleted account"$/);
    });
  });
}

async function unzipped(url: string): Promise<Map<string, Buffer>> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/zip');
  return unzip(Buffer.from(await response.arrayBuffer()));
}
