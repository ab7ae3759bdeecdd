import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type Client, connect } from '../../../../client/sdk/index.ts';
import { InProcessServer } from '../../../../test/support/in-process-server.ts';
import { newIdentity } from '../../../../test/support/protocol-client.ts';
import { noRadicale, Radicale } from '../../../../test/support/radicale.ts';
import { eventually } from '../../../../test/support/wait.ts';

const card = (uid: string, name: string, ...lines: string[]) =>
  ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, `FN:${name}`, `N:${name};;;;`, ...lines, 'END:VCARD', ''].join(
    '\r\n',
  );

describe('address books (CardDAV)', { skip: noRadicale }, () => {
  let server: InProcessServer;
  let radicale: Radicale;
  let ann: Client;

  before(async () => {
    server = await InProcessServer.start({
      'outbound.allowHttp': true,
      'outbound.allowRanges': '127.0.0.1',
    });
  });
  after(() => server.close());
  beforeEach(async () => {
    radicale = await Radicale.start();
    ann = await connect({ url: server.url, identity: await newIdentity(server, { role: 'member' }) });
  });
  afterEach(async () => {
    await ann.close();
    await radicale.stop();
  });

  const names = async () => (await ann.contacts.all()).map(({ name }) => name).sort();
  const connected = async (url = radicale.url) => {
    await ann.addressBook.connect({ url, username: radicale.username, password: radicale.password });
    return synchronised();
  };
  /** Waits until it has synchronised again since this time. */
  const synchronised = (sinceMs = 0) =>
    eventually(
      'it is synchronised',
      async () => (await ann.addressBook.get()).book,
      (book) => book?.state === 'synchronised' && (book.synchronisedAtMs ?? 0) > sinceMs,
    );
  const again = async () => {
    const { book } = await ann.addressBook.get();
    await ann.addressBook.synchronise();
    return synchronised(book?.synchronisedAtMs);
  };

  it('finds the address book by the URL of the server, and brings the contacts of both sides together', async () => {
    await radicale.put('bob', card('uid-bob', 'Bob', 'TEL;TYPE=work:+49 30 1', 'X-ODD;A=b:kept'));
    await ann.contacts.put({ name: 'Carol', phones: [{ number: '+49 30 2' }] });
    const states: Array<string | undefined> = [];
    ann.addressBook.on('changed', (changed) => states.push(changed.book?.state));
    const book = await connected();
    await eventually('the page is told', () => states.at(-1) === 'synchronised');
    assert.equal(book?.url, radicale.bookUrl);
    assert.deepEqual(await names(), ['Bob', 'Carol']);
    const cards = await radicale.cards();
    assert.match(cards, /FN:Carol/);
    assert.match(cards, /TEL:\+49 30 2/);
  });

  it('passes on changes and deletions both ways, and leaves alone what it does not understand', async () => {
    await radicale.put('bob', card('uid-bob', 'Bob', 'X-ODD;A=b:kept'));
    await radicale.put('dan', card('uid-dan', 'Dan'));
    await connected(radicale.bookUrl);
    const [bob, dan] = await ann.contacts.all();
    assert.ok(bob && dan);
    await ann.contacts.put({ ...bob, name: 'Robert', favourite: true });
    await ann.contacts.delete(dan.contactId);
    await radicale.put('eve', card('uid-eve', 'Eve'));
    await again();
    assert.deepEqual(await names(), ['Eve', 'Robert']);
    const cards = await radicale.cards();
    assert.match(cards, /FN:Robert/);
    assert.match(cards, /X-ODD;A=b:kept/);
    assert.doesNotMatch(cards, /FN:Dan/);
    await radicale.delete('eve');
    await radicale.put('bob', card('uid-bob', 'Bobby'));
    await again();
    assert.deepEqual(await names(), ['Bobby']);
    assert.equal((await ann.contacts.all())[0]?.favourite, true);
  });

  it('if both sides change a contact, neither number is lost; a change wins over a deletion', async () => {
    await radicale.put('bob', card('uid-bob', 'Bob', 'TEL:1'));
    await radicale.put('dan', card('uid-dan', 'Dan'));
    await radicale.put('eve', card('uid-eve', 'Eve'));
    await connected();
    const byName = new Map((await ann.contacts.all()).map((contact) => [contact.name, contact]));
    const [bob, dan, eve] = ['Bob', 'Dan', 'Eve'].map((name) => byName.get(name));
    assert.ok(bob && dan && eve);
    await ann.contacts.put({ ...bob, name: 'Bob here', phones: [{ number: '1' }, { number: '2' }] });
    await radicale.put('bob', card('uid-bob', 'Bob there', 'TEL:1', 'TEL:3'));
    await ann.contacts.put({ ...dan, name: 'Daniel' });
    await radicale.delete('dan');
    await ann.contacts.delete(eve.contactId);
    await radicale.put('eve', card('uid-eve', 'Eva'));
    await again();
    assert.deepEqual(await names(), ['Bob there', 'Daniel', 'Eva']);
    const merged = (await ann.contacts.all()).find(({ name }) => name === 'Bob there');
    assert.deepEqual(merged?.phones.map(({ number }) => number).sort(), ['1', '2', '3']);
    const cards = await radicale.cards();
    for (const expected of [/FN:Daniel/, /TEL:2/, /TEL:3/, /FN:Eva/]) {
      assert.match(cards, expected);
    }
    await again();
    assert.deepEqual(await names(), ['Bob there', 'Daniel', 'Eva']);
  });

  it('an address book that is suddenly empty deletes nothing here, and a card does not say whose an account is', async () => {
    const stolen = 'a'.repeat(64);
    await radicale.put('bob', card('uid-bob', 'Bob', `X-CANOPY-ACCOUNT:${stolen}`));
    await connected();
    assert.deepEqual((await ann.contacts.all())[0]?.accounts, []);
    await radicale.delete('bob');
    await ann.addressBook.synchronise();
    await eventually(
      'it failed',
      async () => (await ann.addressBook.get()).book,
      (book) => book?.state === 'failed' && book.error === 'ADDRESS_BOOK_UNREACHABLE',
    );
    assert.deepEqual(await names(), ['Bob']);
    await ann.addressBook.disconnect();
    assert.deepEqual(await ann.addressBook.get(), {});
    assert.deepEqual(await names(), ['Bob']);
  });

  it('rejects wrong passwords and what is no address book; the password is encrypted on disk', async () => {
    const { url, username, password } = radicale;
    await assert.rejects(ann.addressBook.connect({ url, username, password: 'wrong' }), {
      code: 'ADDRESS_BOOK_LOGIN',
    });
    await assert.rejects(ann.addressBook.connect({ url: server.url, username, password }), {
      code: 'ADDRESS_BOOK_UNREACHABLE',
    });
    await connected();
    for (const file of ['canopy.sqlite', 'canopy.sqlite-wal']) {
      const bytes = await readFile(join(server.dataDir, file)).catch(() => Buffer.alloc(0));
      assert.ok(!bytes.includes(password), file);
    }
  });
});

describe('threat 28: the targets of address books', () => {
  it('are public addresses over HTTPS, unless the operator permits others', async () => {
    const server = await InProcessServer.start();
    const ann = await connect({ url: server.url, identity: await newIdentity(server, { role: 'member' }) });
    for (const url of [
      'http://dav.example/',
      'https://127.0.0.1/',
      'https://[::1]:1/',
      'https://10.0.0.1/',
    ]) {
      await assert.rejects(
        ann.addressBook.connect({ url, username: 'a', password: 'b' }),
        { code: 'TARGET_REFUSED' },
        url,
      );
    }
    await ann.close();
    await server.close();
  });
});
