import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';
import { type Client, connect } from '../../../../client/sdk/index.ts';
import { InProcessServer } from '../../../../test/support/in-process-server.ts';
import { newIdentity } from '../../../../test/support/protocol-client.ts';
import { noRadicale, Radicale } from '../../../../test/support/radicale.ts';
import { eventually } from '../../../../test/support/wait.ts';

const CONTACTS = 10_000;
const CHANGED = 100;
const PATIENCE_MS = 600_000;

describe(`an address book of ${CONTACTS} contacts`, { skip: noRadicale }, () => {
  let server: InProcessServer;
  let radicale: Radicale;
  let ann: Client;

  before(async () => {
    radicale = await Radicale.start();
    server = await InProcessServer.start({ 'outbound.allowHttp': true, 'outbound.allowRanges': '127.0.0.1' });
    ann = await connect({ url: server.url, identity: await newIdentity(server, { role: 'member' }) });
  });
  after(async () => {
    await ann.close();
    await server.close();
    await radicale.stop();
  });

  const card = (n: number, name = `Person ${n}`) =>
    `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:uid-${n}\r\nFN:${name}\r\nN:${name};;;;\r\nTEL:+4930${n}\r\nEND:VCARD\r\n`;
  const synchronised = (sinceMs = 0) =>
    eventually(
      'it is synchronised',
      async () => (await ann.addressBook.get().catch(() => ({ book: undefined }))).book,
      (book) => book?.state === 'synchronised' && (book.synchronisedAtMs ?? 0) > sinceMs,
      PATIENCE_MS,
    );

  it('is read, kept and brought up to date, while the server goes on working', async (t) => {
    const cards = Array.from({ length: CONTACTS }, (_, n) => card(n)).join('');
    await radicale.request('PUT', radicale.bookUrl, cards, { 'content-type': 'text/vcard' });
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    const begun = performance.now();
    await ann.addressBook.connect({
      url: radicale.url,
      username: radicale.username,
      password: radicale.password,
    });
    const first = await synchronised();
    t.diagnostic(`read in ${Math.round(performance.now() - begun)} ms`);
    const contacts = await ann.contacts.all({ full: false });
    assert.equal(contacts.length, CONTACTS);

    const paths = [...new Set((await hrefs()).slice(0, CHANGED))];
    for (const path of paths) {
      await radicale.request('DELETE', new URL(path, radicale.url).href);
    }
    const gone = CONTACTS - paths.length;
    const some = contacts.slice(-CHANGED);
    await ann.contacts.putAll(some.map((contact) => ({ ...contact, name: `${contact.name} here` })));
    const again = performance.now();
    await ann.addressBook.synchronise();
    await synchronised(first?.synchronisedAtMs);
    t.diagnostic(`${2 * CHANGED} changes in ${Math.round(performance.now() - again)} ms`);
    delays.disable();
    t.diagnostic(`longest delay of the server: ${Math.round(delays.max / 1e6)} ms`);
    const left = await ann.contacts.all({ full: false });
    const kept = some.filter(({ contactId }) => left.some((each) => each.contactId === contactId));
    assert.ok(left.length >= gone, `${left.length} contacts`);
    assert.equal(kept.length, some.length, 'a change wins over a deletion');
    const sent = (await radicale.cards()).match(/ here\r?$/gm) ?? [];
    assert.ok(sent.length >= CHANGED, `${sent.length} were sent`);
    // The goal is one second.
    assert.ok(delays.max < 5e9, 'the server answers meanwhile');
  });

  async function hrefs(): Promise<string[]> {
    const answer = await radicale.request('PROPFIND', radicale.bookUrl, undefined, { depth: '1' });
    return [...answer.matchAll(/<href>([^<]*\.vcf)<\/href>/g)].map(([, href = '']) => href);
  }
});
