import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { chatMessage as message, openChat as open, chatTexts as texts, write } from './support/call-steps.ts';
import { CuttableRelay } from './support/cuttable-relay.ts';
import { InProcessServer } from './support/in-process-server.ts';
import { Person } from './support/person.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';

describe('the chat on the page', () => {
  let relay: CuttableRelay;
  let server: InProcessServer;
  let browser: TestBrowser;
  let ann: Page;
  let bob: Page;
  /** A guest on a phone. */
  let gus: Page;

  before(async () => {
    relay = await CuttableRelay.open(() => server.signaling.port);
    server = await InProcessServer.start({ 'server.publicUrl': relay.url });
    browser = await TestBrowser.launch();
    ann = await enter('Ann Lee', await server.invite());
    bob = await enter('Боб <b>x</b>', await server.invite());
    gus = await enter('Gus', await server.invite({ role: 'guest', roomId: ROOM }));
    await gus.setViewportSize({ width: 360, height: 720 });
  });
  after(async () => {
    await browser.close();
    await server.close();
    relay.close();
  });

  async function enter(name: string, link: string): Promise<Page> {
    const page = await browser.page();
    await new Person(page, name).enterByInvitation(link, ROOM);
    return page;
  }
  const act = async (page: Page, text: string, action: string) => {
    await message(page, text).hover();
    await message(page, text).getByTestId(action).first().click();
  };

  it('shows who wrote while it is closed, counts what is unread, and draws a line above it', async () => {
    await ann.keyboard.press('c');
    await write(ann, 'Hello <i>all</i>\nsecond line');
    await message(ann, 'Hello').waitFor();
    const toast = bob.getByTestId('chat-toast');
    await toast.waitFor();
    assert.match((await toast.textContent()) ?? '', /^Ann LeeHello <i>all<\/i>$/);
    await write(ann, 'See https://example.org/a_(b). Not javascript:alert(1)');
    await eventually(
      'Bob has two unread messages',
      () => bob.title(),
      (title) => title.startsWith('(2) '),
    );
    assert.equal(await bob.getByTestId('panel-chat').getAttribute('aria-label'), 'Chat, 2 unread messages');
    await toast.getByRole('button').first().click();
    await bob.getByTestId('chat-new').waitFor();
    assert.equal(
      await message(bob, 'Hello').getByTestId('chat-text').textContent(),
      'Hello <i>all</i>\nsecond line',
    );
    const link = bob.locator('.chat-text a');
    assert.equal(await link.count(), 1);
    assert.equal(await link.getAttribute('href'), 'https://example.org/a_(b)');
    assert.match((await link.getAttribute('rel')) ?? '', /noopener/);
    await eventually(
      'everything is read',
      () => bob.title(),
      (title) => !title.startsWith('('),
    );
    // A guest reads what was written since they came.
    await open(gus);
    await message(gus, 'Hello').waitFor();
  });

  it('people reply, mention, edit and react', async () => {
    await act(bob, 'Hello', 'chat-reply');
    await bob.getByTestId('chat-input').pressSequentially('Спасибо, @ann');
    await bob.getByTestId('chat-person').filter({ hasText: 'Ann Lee' }).waitFor();
    await ann.getByTestId('chat-typing').filter({ hasText: 'is typing' }).waitFor();
    await ann.getByTestId('panel-close').click();
    await bob.getByTestId('chat-input').press('Tab');
    await bob.getByTestId('chat-input').press('Enter');
    const toast = ann.getByTestId('chat-toast');
    await toast.waitFor();
    assert.match((await toast.textContent()) ?? '', /^Боб <b>x<\/b> mentioned you/);
    assert.equal(await ann.getByTestId('panel-chat').textContent(), '@1');
    await ann.getByTestId('panel-chat').click();
    const reply = message(ann, 'Спасибо, @Ann Lee');
    await reply.waitFor();
    assert.match((await reply.getByTestId('chat-quote').textContent()) ?? '', /Ann LeeHello <i>all<\/i>/);
    assert.ok((await reply.getAttribute('class'))?.includes('mentioned'));
    await act(ann, 'Спасибо', 'chat-react');
    await reply.getByTestId('chat-reaction').waitFor();
    const reaction = message(bob, 'Спасибо').getByTestId('chat-reaction');
    assert.equal(await reaction.getAttribute('aria-label'), '👍 1: Ann Lee');
    await reaction.click();
    await message(ann, 'Спасибо').getByTestId('chat-reaction').filter({ hasText: '2' }).waitFor();
    // Arrow up edits one's own last message.
    await bob.getByTestId('chat-input').press('ArrowUp');
    assert.equal(await bob.getByTestId('chat-input').inputValue(), 'Спасибо, @Ann Lee');
    await write(bob, 'Большое спасибо, @Ann Lee');
    await message(ann, 'Большое спасибо').filter({ hasText: '(edited)' }).waitFor();
  });

  it('finds messages, and shows them in the list', async () => {
    await ann.getByTestId('chat-search').click();
    await ann.getByTestId('chat-query').fill('СПАСИБ');
    await ann.getByTestId('chat-result').waitFor();
    assert.equal(await ann.getByTestId('chat-found').textContent(), '1 message found');
    await ann.getByTestId('chat-query').fill('nothing like this');
    await ann.getByTestId('chat-found').filter({ hasText: 'No messages found' }).waitFor();
    await ann.getByTestId('chat-query').fill('second');
    await ann.getByTestId('chat-result').click();
    await eventually(
      'the message is focused',
      () => ann.evaluate(() => document.activeElement?.textContent ?? ''),
      (text) => text.includes('second line'),
    );
  });

  it('a moderator removes what a guest wrote; a guest removes only their own', async () => {
    await write(gus, 'something rude');
    await message(bob, 'something rude').waitFor();
    await message(gus, 'Большое').hover();
    await message(gus, 'Большое').getByTestId('chat-reply').waitFor();
    assert.equal(await message(gus, 'Большое').getByTestId('chat-delete').count(), 0);
    await act(bob, 'something rude', 'chat-delete');
    await message(bob, 'something rude').getByTestId('chat-confirm-delete').click();
    await gus.getByTestId('chat-gone').filter({ hasText: 'removed by a moderator' }).waitFor();
    assert.ok(!(await texts(gus)).some((text) => text.includes('rude')));
    await write(gus, 'sorry');
    await act(gus, 'sorry', 'chat-delete');
    await message(gus, 'sorry').getByTestId('chat-confirm-delete').click();
    await bob.getByTestId('chat-gone').filter({ hasText: 'Message deleted' }).waitFor();
    // The sheet of a phone has room for everything.
    const width = await gus.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${width} px`);
  });

  it('threat 7: what is written while the connection is lost arrives once, in order, and drafts stay', async () => {
    await ann.getByTestId('chat-input').fill('a draft');
    relay.refuse();
    await bob.locator('[data-testid=connection]').waitFor();
    for (const text of ['one', 'two', 'three']) {
      await write(bob, `offline ${text}`);
    }
    const pending = bob.getByTestId('chat-pending');
    await pending.nth(2).waitFor();
    assert.match((await pending.first().textContent()) ?? '', /Sending…/);
    await write(gus, 'from the phone');
    relay.allow();
    const expected = ['offline one', 'offline two', 'offline three'];
    for (const page of [ann, bob, gus]) {
      await eventually(
        'all messages have arrived once',
        async () => (await texts(page)).filter((text) => /^offline|^from the phone/.test(text)),
        (found) => found.length === 4,
      );
      assert.deepEqual(
        (await texts(page)).filter((text) => text.startsWith('offline')),
        expected,
      );
    }
    await pending.first().waitFor({ state: 'detached' });
    assert.deepEqual(await texts(ann), await texts(bob));
    await ann.getByTestId('panel-close').click();
    await ann.getByTestId('panel-chat').click();
    assert.equal(await ann.getByTestId('chat-input').inputValue(), 'a draft');
  });

  it('has no accessibility problems, as a panel and as a sheet, in both themes', async () => {
    for (const page of [bob, gus]) {
      await open(page);
      await assertAccessible(page, {
        within: '[data-testid=panel]',
        before: () => message(page, 'Большое').hover(),
      });
    }
  });

  it('nothing on the pages went wrong', () => {
    const problems = browser.problems.filter((text) => !/WebSocket|ERR_|net::/.test(text));
    assert.deepEqual(problems, []);
  });
});
