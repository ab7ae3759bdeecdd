import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { BridgeSession, type Client, type Room } from '../../client/sdk/index.ts';
import { assertAccessible } from '../support/accessibility.ts';
import { TestBrowser } from '../support/browser.ts';
import { newGatewayIdentity } from '../support/gateway-identity.ts';
import { InProcessServer } from '../support/in-process-server.ts';
import { Person } from '../support/person.ts';
import { eventually } from '../support/wait.ts';

const ROOM = 'secret';

describe('an encrypted call on the page', () => {
  let server: InProcessServer;
  let browser: TestBrowser;
  let ada: Page;
  let bob: Page;

  before(async () => {
    server = await InProcessServer.start();
    browser = await TestBrowser.launch();
    await server.api('POST', '/api/rooms', {
      roomId: ROOM,
      encryption: 'required',
      chatHistory: 'all',
    });
    ada = await enter('Ada');
    bob = await enter('Bob');
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  async function enter(name: string): Promise<Page> {
    const page = await browser.page();
    await new Person(page, name).enterByInvitation(await server.invite(), ROOM);
    return page;
  }
  const encrypted = (page: Page) => page.locator('[data-testid=encryption-sign][data-status=true]').waitFor();
  const code = async (page: Page) => {
    await page.getByTestId('encryption-sign').click();
    const text = await page.getByTestId('encryption-code').textContent();
    await page.getByTestId('encryption-close').click();
    return text ?? '';
  };

  it('says that it is encrypted, with whom, and the same code to everybody', async () => {
    await Promise.all([encrypted(ada), encrypted(bob)]);
    await eventually(
      'the same code',
      async () => [await code(ada), await code(bob)],
      ([first, second]) => first === second && /^\d{5}( \d{5}){5}$/.test(first ?? ''),
    );
    await ada.getByTestId('encryption-sign').click();
    const members = await ada.getByTestId('encryption-members').locator('li').allTextContents();
    assert.deepEqual(
      members.map((text) => text.split(' ')[0]),
      ['Ada', 'Bob'],
    );
    await assertAccessible(ada, { within: 'dialog' });
    assert.equal(await ada.getByTestId('encryption-no-phones').count(), 1);
    await ada.getByTestId('encryption-close').click();
  });

  it('marks people with whom the user compared codes, and devices of theirs that it has not seen before', async () => {
    const member = ada.getByTestId('encryption-members').locator('li', { hasText: 'Bob' });
    await ada.evaluate(async () => {
      const { client, room } = (globalThis as unknown as { canopy: { client: Client; room: Room } }).canopy;
      const bob = [...room.participants.values()].find(({ displayName }) => displayName === 'Bob');
      const account = { accountId: bob?.accountId ?? '', verifiedAtMs: Date.now() };
      await client.contacts.put({ name: 'Bob', accounts: [account] });
      // As if Bob had been in an earlier call with another device.
      localStorage.setItem('canopy.seen-devices', JSON.stringify({ [account.accountId]: ['another'] }));
    });
    await ada.getByTestId('encryption-sign').click();
    await member.getByTestId('verified').waitFor();
    assert.equal(await member.getByTestId('encryption-new-device').count(), 0);
    await ada.reload();
    await new Person(ada, 'Ada').enter(ROOM);
    await ada.getByText('Bob uses a new device that you have not seen before.').waitFor();
    await encrypted(ada);
    await ada.getByTestId('encryption-sign').click();
    await member.getByTestId('encryption-new-device').waitFor();
    await ada.getByTestId('encryption-close').click();
  });

  it('people see each other', async () => {
    await new Person(ada, 'Ada').sees('Bob');
    await new Person(bob, 'Bob').sees('Ada');
  });

  it('does not claim end-to-end encryption while phones are in the call, and names their gateway', async () => {
    await server.api('POST', '/api/rooms', { roomId: 'phones', encryption: 'allow-phones' });
    const page = await browser.page();
    await new Person(page, 'Dan').enterByInvitation(await server.invite(), 'phones');
    await encrypted(page);
    const sign = page.getByTestId('encryption-sign');
    assert.match((await sign.textContent()) ?? '', /End-to-end encrypted/);
    const identity = await newGatewayIdentity(server);
    const encryption = { setEpoch: () => {}, close: () => {} };
    const gateway = await BridgeSession.join({ url: server.url, identity, roomId: 'phones', encryption });
    await gateway.addParticipant({ displayName: 'Office' });
    await page.locator('[data-testid=encryption-sign][data-phones=true]').waitFor();
    assert.match((await sign.textContent()) ?? '', /Encrypted, phones through the gateway/);
    await sign.click();
    const members = await page.getByTestId('encryption-members').locator('li').allTextContents();
    assert.deepEqual(
      members.map((text) => text.replace(/ \w{8}$/, '')),
      ['Dan (you)', 'Phone gateway'],
    );
    assert.match((await page.getByTestId('encryption-phones').textContent()) ?? '', /decrypts the call/);
    await assertAccessible(page, { within: 'dialog' });
    await page.getByTestId('encryption-close').click();
    await gateway.leave();
    await page.locator('[data-testid=encryption-sign][data-phones=false]').waitFor();
    await encrypted(page);
    await page.close();
  });

  it('writes and reads messages and files that the server cannot read', async () => {
    for (const page of [ada, bob]) {
      await page.keyboard.press('c');
      await page.getByTestId('chat-encrypted').waitFor();
    }
    const composer = ada.getByTestId('chat-input');
    await composer.fill('between us');
    await composer.press('Enter');
    await bob.getByTestId('chat-text').getByText('between us').waitFor();
    await ada
      .getByTestId('chat-files')
      .setInputFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('by night') });
    await composer.press('Enter');
    const card = bob.getByTestId('message-file').filter({ hasText: 'plan.txt' });
    const download = bob.waitForEvent('download');
    await card.getByTestId('file-download').click();
    const saved = await download;
    assert.equal(saved.suggestedFilename(), 'plan.txt');
    assert.equal(await readFile(await saved.path(), 'utf8'), 'by night');
    const { body } = await server.api('GET', `/api/rooms/${ROOM}/chat`);
    const { messages } = body as { messages: Array<{ text: string; sealed?: string }> };
    assert.equal(messages.length, 2);
    assert.ok(messages.every(({ text, sealed }) => text === '' && sealed !== undefined));
    assert.ok(!JSON.stringify(messages).includes('plan.txt'));
  });

  it('says to newcomers how many messages they cannot read, and that polls are not encrypted', async () => {
    const eve = await enter('Eve');
    await eve.keyboard.press('c');
    await eve.getByTestId('chat-encrypted').waitFor();
    const locked = await eve.getByTestId('chat-locked').textContent();
    assert.match(locked ?? '', /: 2\.$/);
    assert.equal(await eve.getByTestId('chat-text').count(), 0);
    await eve.getByTestId('panel-polls').click();
    await eve.getByTestId('polls-readable').waitFor();
    await eve.getByTestId('panel-chat').click();
    const composer = ada.getByTestId('chat-input');
    await encrypted(eve);
    await composer.fill('welcome, Eve');
    await composer.press('Enter');
    await eve.getByTestId('chat-text').getByText('welcome, Eve').waitFor();
    await eve.close();
  });

  it('threat 24: a browser remembers that it created an encrypted room', async () => {
    const page = await browser.page();
    await new Person(page, 'Eve').enterByInvitation(await server.invite(), 'lobby');
    await page.getByTestId('leave').click();
    await page.evaluate(() => {
      location.hash = '#/';
    });
    await page.getByTestId('new-room').click();
    await page.getByTestId('room-title').fill('Board');
    await page.getByTestId('encryption').selectOption('allow-phones');
    await page.getByTestId('plan').click();
    await page.getByTestId('outcome-done').waitFor();
    const rooms = await page.evaluate(() => localStorage.getItem('canopy.encrypted-rooms'));
    const [[, policy] = []] = JSON.parse(rooms ?? '[]');
    assert.equal(policy, 'allow-phones');
    await page.close();
  });

  it('threat 24: a server that moves people from an encrypted call to an unencrypted room ends their call', async () => {
    // As if the server had sent it.
    await ada.evaluate(`window.canopy.room.breakouts.emit('move', { roomId: 'elsewhere', inSeconds: 0 })`);
    await eventually(
      'the refusal',
      () => ada.locator('body').textContent(),
      (text) => text?.includes('end-to-end encryption') === true,
    );
    assert.equal(await ada.getByTestId('leave').count(), 0);
  });

  it('threat 24: a page that knows a room as encrypted does not enter it otherwise', async () => {
    await bob.getByTestId('leave').click();
    await bob.evaluate(() => {
      localStorage.setItem('canopy.encrypted-rooms', JSON.stringify(['clear']));
      location.hash = '#/room/clear';
    });
    await bob.getByTestId('join').click();
    await eventually(
      'the refusal',
      () => bob.getByRole('alert').allTextContents(),
      (texts) => texts.join(' ').includes('end-to-end encryption'),
    );
  });
});
