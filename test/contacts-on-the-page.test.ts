import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible } from './support/accessibility.ts';
import { TestBrowser } from './support/browser.ts';
import { untilBaseline } from './support/gauges.ts';
import { Person } from './support/person.ts';
import { newIdentity } from './support/protocol-client.ts';
import { noRadicale, Radicale } from './support/radicale.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

const ROOM = 'team';
const PASSWORD = 'a long enough password';
const CARDS = [
  ...['BEGIN:VCARD', 'VERSION:4.0', 'FN:Grace Hopper', 'TEL;TYPE=work:+1 555 0100', 'X-SHIP;SIZE=xl:Cobol'],
  ...['END:VCARD', 'BEGIN:VCARD', 'VERSION:4.0', 'TITLE:Nobody', 'END:VCARD'],
  ...['BEGIN:VCARD', 'VERSION:3.0', 'FN:Alan Turing', 'EMAIL:alan@bletchley.example', 'END:VCARD', ''],
].join('\r\n');

describe('contacts on the page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  let ada: Person;
  /** On two devices: in the call, and on the home page. */
  let bob: Person;
  let bobsHome: Page;

  before(async () => {
    server = await TestServer.start({
      env: { CANOPY_OUTBOUND_ALLOW_HTTP: 'true', CANOPY_OUTBOUND_ALLOW_RANGES: '127.0.0.1' },
    });
    browser = await TestBrowser.launch();
    const identity = await newIdentity(server, { displayName: 'Bob' });
    const backup = await identity.exportBackup(PASSWORD);
    const device = async (fragment: string) => {
      const page = await browser.page(`${server.url}/#/${fragment}`);
      await page.getByText('I have a backup').click();
      await page.getByTestId('restore-file').setInputFiles({
        name: 'backup.json',
        mimeType: 'application/json',
        buffer: Buffer.from(backup),
      });
      await page.getByTestId('restore-password').fill(PASSWORD);
      await page.getByTestId('restore').click();
      return page;
    };
    ada = await Person.invited(browser, server, 'Ada Lovelace', ROOM);
    bob = new Person(await device(`room/${ROOM}`), 'Bob');
    await bob.enter(ROOM);
    bobsHome = await device('');
    await bob.click('panel-people');
    await ada.click('panel-people');
  });

  after(async () => {
    await browser.close();
    await untilBaseline(server);
    await server.close();
  });

  const row = ({ page }: Person, name: string) =>
    page.getByTestId('person').filter({ has: page.getByText(name, { exact: true }) });
  const act = async (person: Person, name: string, item: string) => {
    await row(person, name).getByTestId('person-menu').click();
    await person.click(item);
  };
  const contact = (name: string) => bobsHome.getByTestId('contact').filter({ hasText: name });
  const actOnContact = async (name: string, item: string) => {
    await contact(name).getByTestId('contact-more').click();
    await bobsHome.getByTestId(item).click();
  };
  const names = () => bobsHome.getByTestId('contact').locator('.contact-name').allTextContents();
  const codeOf = async ({ page }: Person) => {
    const code = page.getByTestId('verification-code');
    await code
      .getByText(/^\d{5}$/)
      .first()
      .waitFor();
    return code.locator('li').allTextContents();
  };
  it('threat 64: a person in the call becomes a contact, codes are compared, and somebody else of that name is marked', async () => {
    await bobsHome.getByTestId('list-people').getByTestId('empty').waitFor();
    await assertAccessible(bobsHome, { what: 'empty' });
    await act(bob, 'Ada Lovelace', 'add-to-contacts');
    await row(bob, 'Ada Lovelace').getByTestId('acquaintance').waitFor();
    await contact('Ada Lovelace').waitFor();

    await act(bob, 'Ada Lovelace', 'verify-person');
    await act(ada, 'Bob', 'verify-person');
    const code = await codeOf(bob);
    assert.equal(code.length, 12);
    assert.deepEqual(await codeOf(ada), code);
    await bob.page.locator('.qr-code').waitFor();
    await assertAccessible(bob.page, { what: 'codes' });
    await bob.click('codes-match');
    await bob.page.getByTestId('verify').waitFor({ state: 'detached' });
    await row(bob, 'Ada Lovelace').getByTestId('verified').waitFor();
    // The other device checks the mark itself.
    await contact('Ada Lovelace').getByTestId('verified').waitFor();
    await ada.page.keyboard.press('Escape');

    // A notice does not stay.
    const noticed = bob.page.getByTestId('notice').filter({ hasText: 'has a different account' }).waitFor();
    const eve = await Person.invited(browser, server, 'Аda Lоvelace', ROOM);
    const eves = row(bob, 'Аda Lоvelace');
    await eves.getByTestId('impostor').getByText('Not the Ada Lovelace you know').waitFor();
    await noticed;
    assert.equal(await bob.page.getByTestId('tile-impostor').count(), 1);
    assert.equal(await row(bob, 'Ada Lovelace').getByTestId('impostor').count(), 0);
    assert.equal(await ada.page.getByTestId('impostor').count(), 0);
    await assertAccessible(bob.page, { what: 'impostor' });
    // Ada with a second account: the codes match, and the contact gets it.
    await act(bob, 'Аda Lоvelace', 'verify-person');
    await codeOf(bob);
    await bob.click('codes-match');
    await bob.page.getByTestId('tile-impostor').waitFor({ state: 'detached' });
    await eves.getByText('Ada Lovelace in your contacts').waitFor();
    assert.equal(await bobsHome.getByTestId('contact').count(), 1);
    await eve.leave();
  });

  it('contacts are added, searched, edited, deleted and put back', async () => {
    const page = bobsHome;
    await page.getByTestId('add-contact').click();
    await page.getByTestId('contact-name').fill('Charles Babbage');
    await page.getByTestId('contact-account').fill('no id');
    await page.getByTestId('save-contact').click();
    await page.getByText('An account ID has 64 letters').waitFor();
    await page.getByTestId('contact-account').fill('');
    await page.getByTestId('contact-phone-add').click();
    await page.getByTestId('contact-phone').fill('+44 20 7946 0000');
    await assertAccessible(page, { what: 'form' });
    await page.getByTestId('save-contact').click();
    await contact('Charles Babbage').waitFor();
    await actOnContact('Charles Babbage', 'contact-favourite');
    await eventually('favourites come first', names, ([first]) => first?.startsWith('Charles') === true);
    await page.getByTestId('contact-search').fill('020 7946');
    await contact('Ada Lovelace').waitFor({ state: 'detached' });
    await actOnContact('Charles Babbage', 'contact-edit');
    await page.getByTestId('contact-name').fill('C. Babbage');
    await page.getByTestId('save-contact').click();
    await contact('C. Babbage').waitFor();
    await page.getByTestId('contact-search').fill('');
    await contact('Ada Lovelace').waitFor();
    await actOnContact('C. Babbage', 'contact-delete');
    await contact('C. Babbage').waitFor({ state: 'detached' });
    await page.getByTestId('notice').getByText('Undo').click();
    await contact('C. Babbage').waitFor();
  });

  it('a file is imported with its faults told, and everything in it is exported again', async () => {
    const page = bobsHome;
    await page.getByTestId('contacts-file').setInputFiles({
      name: 'people.vcf',
      mimeType: 'text/vcard',
      buffer: Buffer.from(CARDS),
    });
    const report = page.getByTestId('import-report');
    await report.getByText('2 contacts added, 0 updated.').waitFor();
    await report.getByText('Card in line 7: it has no name.').waitFor();
    await assertAccessible(page, { what: 'import' });
    await page.keyboard.press('Escape');
    await contact('Grace Hopper').waitFor();
    await assertAccessible(page, { what: 'people' });
    await page.getByTestId('contacts-more').click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByTestId('export-contacts').click(),
    ]);
    const exported = await readFile(await download.path(), 'utf8');
    assert.equal(exported.match(/^BEGIN:VCARD\r$/gm)?.length, 4);
    assert.match(exported, /^TEL;TYPE=work:\+1 555 0100\r$/m);
    assert.match(exported, /^X-SHIP;SIZE=xl:Cobol\r$/m);
    assert.match(exported, /^X-CANOPY-ACCOUNT:[0-9a-f]{40}/m);
    assert.deepEqual(browser.problems, []);
  });

  it('are synchronised with an address book on another server', { skip: noRadicale }, async () => {
    const radicale = await Radicale.start();
    try {
      await radicale.put(
        'mary',
        ['BEGIN:VCARD', 'VERSION:3.0', 'UID:mary', 'FN:Mary Kenneth Keller', 'END:VCARD', ''].join('\r\n'),
      );
      await bobsHome.getByTestId('contacts-more').click();
      await bobsHome.getByTestId('address-book-open').click();
      const book = bobsHome.getByTestId('address-book');
      await book.getByTestId('address-book-url').fill(radicale.url);
      await book.getByTestId('address-book-user').fill(radicale.username);
      await book.getByTestId('address-book-password').fill('wrong');
      await book.getByTestId('address-book-connect').click();
      await book.locator('[data-testid="problem"][data-code="ADDRESS_BOOK_LOGIN"]').waitFor();
      await assertAccessible(bobsHome);
      await book.getByTestId('address-book-password').fill(radicale.password);
      await book.getByTestId('address-book-connect').click();
      await book.locator('[data-testid="address-book-state"][data-state="synchronised"]').waitFor();
      await assertAccessible(bobsHome);
      await bobsHome.getByTestId('address-book-close').click();
      await bobsHome.getByTestId('contact-search').fill('Keller');
      await bobsHome.getByTestId('contact').filter({ hasText: 'Mary Kenneth Keller' }).waitFor();
      assert.match(await radicale.cards(), /FN:/);
    } finally {
      await radicale.stop();
    }
  });
});
