import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type Client,
  connect,
  enrol,
  type Identity,
  memoryStore,
  parseInvitation,
  restoreFromBackup,
} from '../../../client/sdk/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

const PASSWORD = 'correct horse battery staple';

describe('contacts', () => {
  let server: InProcessServer;
  /** Ann on two devices, and Bob. */
  let ann: Client;
  let annsOther: Client;
  let bob: Client;

  before(async () => {
    server = await InProcessServer.start();
    const invitation = parseInvitation(await server.invite({ role: 'member', displayName: 'Ann' }));
    assert.ok(invitation);
    const first = await enrol({ serverUrl: server.url, ...invitation });
    const backup = await first.exportBackup(PASSWORD);
    const second = await restoreFromBackup({ backup, password: PASSWORD, store: memoryStore() });
    const connected = (identity: Identity) => connect({ url: server.url, identity });
    [ann, annsOther, bob] = await Promise.all([
      connected(first),
      connected(second),
      connected(await newIdentity(server, { displayName: 'Bob' })),
    ]);
    assert.equal(ann.account.accountId, annsOther.account.accountId);
  });
  after(async () => {
    await Promise.all([ann.close(), annsOther.close(), bob.close()]);
    await server.close();
  });

  const changed = (client: Client) =>
    new Promise<string[] | undefined>((resolve) => client.contacts.once('changed', resolve));

  it('are the same on every device of an account, at once, and nobody else’s', async () => {
    const seen = changed(annsOther);
    const put = await ann.contacts.put({
      name: 'Bob',
      phones: [{ number: '+49 30 1234567', label: 'work' }],
      accounts: [{ accountId: bob.account.accountId }],
    });
    assert.deepEqual(await seen, [put.contactId]);
    const { contacts, next } = await annsOther.contacts.list({ search: '1234' });
    assert.deepEqual([contacts, next], [[put], undefined]);
    assert.deepEqual(await annsOther.contacts.byAccount(bob.account.accountId), put);
    assert.deepEqual((await bob.contacts.list()).contacts, []);
    const gone = changed(ann);
    const deleted = await annsOther.contacts.delete(put.contactId);
    assert.deepEqual(await gone, [put.contactId]);
    assert.deepEqual(deleted, put);
    assert.equal(await ann.contacts.byAccount(bob.account.accountId), undefined);
  });

  it('threat 30: a mark “verified” holds on the account’s other devices, and for no other account, name or signer', async () => {
    const { accountId } = bob.account;
    const put = await ann.contacts.put({ name: 'Bob', accounts: [{ accountId }] });
    const marked = await ann.contacts.setVerified(put, accountId, true);
    assert.ok(marked.accounts[0]?.verifiedAtMs);
    const read = async () => (await annsOther.contacts.byAccount(accountId))?.accounts[0]?.verifiedAtMs;
    assert.equal(await read(), marked.accounts[0]?.verifiedAtMs);

    // What a server could do with what it stores.
    const raw = await ProtocolClient.enter(server.url, ann.identity);
    const { contacts } = await raw.get('contact.find', { accountIds: [accountId] });
    const [{ rev: _rev, changedAtMs: _at, ...stored }] = contacts as [(typeof contacts)[number]];
    const account = stored.accounts?.[0];
    assert.ok(account?.verified);
    const { verified } = account;
    const foreign = { ...verified, certificate: bob.identity.chain[0] ?? '' };
    for (const [what, change] of Object.entries({
      'another name': { ...stored, name: 'Carol' },
      'another time': {
        ...stored,
        accounts: [{ ...account, verified: { ...verified, timeMs: verified.timeMs + 1 } }],
      },
      'another signer': { ...stored, accounts: [{ ...account, verified: foreign }] },
      'no certificate': {
        ...stored,
        accounts: [{ ...account, verified: { ...verified, certificate: 'AAAA' } }],
      },
    })) {
      await raw.get('contact.put', { contacts: [change] });
      assert.equal(await read(), undefined, what);
    }
    const other = 'f'.repeat(64);
    await raw.get('contact.put', {
      contacts: [{ ...stored, accounts: [{ ...account, accountId: other }] }],
    });
    assert.equal((await annsOther.contacts.byAccount(other))?.accounts[0]?.verifiedAtMs, undefined);

    // Renaming on a device that sees the mark keeps it.
    await raw.get('contact.put', { contacts: [stored] });
    const [current] = await annsOther.contacts.find({ accountIds: [accountId] });
    assert.ok(current);
    await annsOther.contacts.put({ ...current, name: 'Robert' });
    assert.equal((await ann.contacts.byAccount(accountId))?.accounts[0]?.verifiedAtMs, verified.timeMs);
    raw.close();
    await ann.contacts.delete(put.contactId);
  });

  it('hundreds are written and read in requests that the server accepts', async () => {
    const large = 'ж'.repeat(20_000);
    const given = Array.from({ length: 120 }, (_, index) => ({
      contactId: `many-${index}-00000`,
      name: `Person ${String(index).padStart(3, '0')}`,
      ...(index % 10 === 0 && { vcard: [`NOTE:${large}`] }),
    }));
    const progress: number[] = [];
    const stored = await bob.contacts.putAll(given, (written) => progress.push(written));
    assert.equal(stored.length, 120);
    assert.equal(progress.at(-1), 120);
    const all = await bob.contacts.all();
    assert.deepEqual(
      all.map(({ contactId, vcard }) => [contactId, vcard]),
      given.map(({ contactId, vcard }) => [contactId, vcard]),
    );
    for (const { contactId } of given) {
      await bob.contacts.delete(contactId);
    }
  });

  it('both people see the same verification code', async () => {
    const [annsCode, bobsCode] = await Promise.all([
      ann.contacts.verificationCode(bob.account.accountId),
      bob.contacts.verificationCode(ann.account.accountId),
    ]);
    assert.deepEqual(annsCode, bobsCode);
    assert.equal(annsCode.length, 12);
  });

  it('threat 5: guests and bridges keep none, and strangers get no answer', async () => {
    const requests = {
      'contact.list': {},
      'contact.find': {},
      'contact.put': { contacts: [{ contactId: 'contact-1', name: 'Ann' }] },
      'contact.delete': { contactId: 'contact-1' },
      'contact.lookUp': { accountId: ann.account.accountId },
    };
    const guest = await newIdentity(server, { role: 'guest', roomId: 'hall' });
    const bridge = await newIdentity(server, { role: 'bridge' });
    for (const identity of [guest, bridge]) {
      const client = await ProtocolClient.enter(server.url, identity);
      for (const [name, data] of Object.entries(requests)) {
        assert.equal(await client.refusal(name, data), 'FORBIDDEN', name);
      }
      client.close();
    }
    for (const [name, data] of Object.entries(requests)) {
      const stranger = await ProtocolClient.open(server.url);
      assert.equal(await stranger.refusal(name, data), 'AUTH_REQUIRED', name);
      stranger.close();
    }
  });

  it('an account is looked up by its id, if it is a member’s', async () => {
    assert.equal(await ann.contacts.lookUp(bob.account.accountId), 'Bob');
    const guest = await ProtocolClient.open(server.url);
    const identity = await newIdentity(server, { role: 'guest', roomId: 'hall' });
    const { accountId } = await guest.get('auth.prove', await guest.proof(identity));
    guest.close();
    for (const id of [accountId, 'f'.repeat(64)]) {
      await assert.rejects(ann.contacts.lookUp(id), { code: 'IDENTITY_UNKNOWN' });
    }
  });

  it('threat 38: hostile text is cleaned or refused', async () => {
    const raw = await ProtocolClient.enter(server.url, bob.identity);
    const put = (contact: Record<string, unknown>) =>
      raw.ask('contact.put', { contacts: [{ contactId: 'contact-1', name: 'Ann', ...contact }] });
    for (const refused of [
      { name: '\u202e\u200b' },
      { name: 'x'.repeat(65) },
      { contactId: '../..' },
      { vcard: ['FN:a\r\nX:b'] },
      { vcard: ['x'.repeat(50_000)] },
      { emails: [{ address: 'a b' }] },
      { phones: [{ number: '\u200b' }] },
      { accounts: [{ accountId: '__proto__', sinceMs: 1 }] },
      { accounts: Array.from({ length: 11 }, () => ({ accountId: 'a'.repeat(64), sinceMs: 1 })) },
    ]) {
      const answer = await put(refused);
      assert.ok(!answer.ok && answer.error.code === 'BAD_REQUEST', JSON.stringify(refused).slice(0, 80));
    }
    assert.equal(await raw.refusal('contact.list', { after: 'AAAA' }), 'BAD_REQUEST');
    const { contacts } = await raw.get('contact.put', {
      contacts: [
        { contactId: 'contact-1', name: 'A\u202enn\0', note: 'a\0\ud800\nb', vcard: ['X:\0\ud800'] },
      ],
    });
    assert.deepEqual([contacts[0]?.name, contacts[0]?.note], ['Ann', 'a\nb']);
    const { contact } = await raw.get('contact.delete', { contactId: 'contact-1' });
    assert.deepEqual(contact?.vcard, ['X:\ufffd\ufffd']);
    raw.close();
  });
});
