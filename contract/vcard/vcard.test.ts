import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeText, type ReadCard, readCards, writeCards } from './index.ts';

const card = (...lines: string[]) => ['BEGIN:VCARD', 'VERSION:4.0', ...lines, 'END:VCARD', ''].join('\r\n');
const contactsOf = (cards: ReadCard[]) => cards.flatMap(({ contact }) => contact ?? []);
const read = async (text: string) => contactsOf(await readCards(text));
const one = async (text: string) => {
  const [contact] = await read(text);
  assert.ok(contact, text);
  return contact;
};
/** The properties in an exported file, unfolded, sorted. */
const propertiesOf = (text: string) =>
  text
    .replace(/\r\n[ \t]/g, '')
    .split('\r\n')
    .filter((line) => !/^(?:BEGIN|VERSION|END|$)/.test(line))
    .sort();

const RICH = [
  'FN:Ada Lovelace',
  'N:Lovelace;Ada;Augusta;Lady;',
  'UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1',
  'TEL;TYPE="voice,home";PREF=1;VALUE=uri:tel:+44-20-555-1234;ext=5',
  'item1.EMAIL;PREF=1:ada@engine.example',
  'item1.X-ABLabel:_$!<Other>!$_',
  'BDAY:--0412',
  'ADR;LABEL="12 St James\\nLondon":;;12 St James;London;;;UK',
  'GEO:geo:1.2,3.4',
  'X-HAT;COLOUR=red,"a;b:c";NOTE=^n^\'^^:bow\\, ler;x\\ny',
  'PHOTO:data:image/png;base64,AAAA==',
  'NOTE:one\\, two\\; three\\nfour',
  'URL:https://x.example/?a;b,c',
];

describe('vCards', () => {
  it('nothing is lost between import and export: each property comes back with its parameters', async () => {
    const contact = await one(card(...RICH));
    assert.deepEqual(
      [contact.name, contact.phones, contact.emails, contact.note],
      [
        'Ada Lovelace',
        [{ number: '+44-20-555-1234;ext=5', label: 'home' }],
        [{ address: 'ada@engine.example' }],
        'one, two; three\nfour',
      ],
    );
    const written = writeCards([contact]);
    assert.deepEqual(propertiesOf(written), [...RICH].sort());
    assert.deepEqual(await one(written), contact);
  });

  it('what was edited changes, and the rest stays', async () => {
    const contact = await one(card(...RICH));
    const edited = {
      ...contact,
      name: 'Ada, Countess; L.',
      phones: [...contact.phones, { number: '123', label: 'my "boat"' }],
      emails: [],
      note: '',
      favourite: true,
      accounts: [{ accountId: 'a'.repeat(64) }],
    };
    const again = await one(writeCards([edited]));
    const { vcard, ...fields } = again;
    const { vcard: _vcard, ...expected } = edited;
    assert.deepEqual(fields, expected);
    for (const gone of ['FN', 'N', 'item1.EMAIL', 'NOTE']) {
      assert.ok(!vcard?.some((line) => RICH.includes(line) && line.startsWith(`${gone}:`)), gone);
    }
    assert.ok(vcard?.includes(RICH[3] as string) && vcard.includes(RICH[9] as string));
  });

  it('versions 2.1 and 3.0 are read too, with their encodings', async () => {
    const text = [
      ...[
        'BEGIN:VCARD',
        'VERSION:2.1',
        'N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9F=D1=91=D1=82=D1=80=',
        ';A=3D=',
        'b',
      ],
      ...['TEL;CELL;PREF:+1 555', 'PHOTO;JPEG;ENCODING=BASE64:', ' AAAA', '  BBBB', '', 'END:VCARD'],
      ...['begin:vcard', 'version:3.0', 'FN:Zoë', 'PHOTO;ENCODING=b;TYPE=PNG:CCCC', 'END:VCARD'],
    ].join('\n');
    const [first, second] = await read(text);
    assert.deepEqual([first?.name, first?.phones], ['A=b Пётр', [{ number: '+1 555', label: 'cell' }]]);
    assert.ok(first?.vcard?.includes('PHOTO:data:image/jpeg;base64,AAAABBBB'), first?.vcard?.join('\n'));
    assert.deepEqual([second?.name, second?.vcard?.at(-1)], ['Zoë', 'PHOTO:data:image/png;base64,CCCC']);
    assert.ok(first && second);
    const written = writeCards([first, second]);
    assert.deepEqual(await read(written), [first, second]);
  });

  it('a file in UTF-8, UTF-16 or Windows-1252 is decoded', () => {
    const text = 'FN:Zoë';
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
    for (const bytes of [
      Buffer.from(text),
      Buffer.from(`\ufeff${text}`),
      utf16,
      Buffer.from(text, 'latin1'),
    ]) {
      assert.equal(decodeText(bytes), text);
    }
  });

  it('the same card becomes the same contact, with or without a UID', async () => {
    for (const text of [card(...RICH), card('FN:Bob', 'TEL:1')]) {
      assert.equal((await one(text)).contactId, (await one(text)).contactId);
    }
    assert.notEqual((await one(card('FN:Bob'))).contactId, (await one(card('FN:Rob'))).contactId);
  });

  it('reports what is wrong with each bad card, and reads the rest', async () => {
    const cards = await readCards(
      [
        card('FN:Ann'),
        card('TITLE:nobody'),
        card('FN:Out', 'BEGIN:VCARD', 'FN:In', 'END:VCARD'),
        card('FN:Bob', 'not a property', `PHOTO:${'x'.repeat(60_000)}`),
        'BEGIN:VCARD\r\nFN:Cut off',
      ].join(''),
    );
    assert.deepEqual(
      cards.map(({ line, fault, contact, leftOut }) => [line, fault ?? contact?.name, leftOut]),
      [
        [1, 'Ann', []],
        [5, 'no-name', []],
        [9, 'nested', []],
        [16, 'Bob', ['not a property', 'PHOTO']],
        [22, 'unfinished', []],
      ],
    );
    assert.deepEqual(await readCards('hello'), []);
  });

  it('threat 38: hostile files cost little and break nothing', async (t) => {
    const hostile: Record<string, string> = {
      'a line of 10 MB': card('FN:Ann', `X-A:${'x'.repeat(10_000_000)}`),
      '10 MB in folds': card('FN:Ann', `X-A:x${'\r\n x'.repeat(2_500_000)}`),
      '10 MB of soft line breaks': card(
        'FN:Ann',
        `X-A;ENCODING=QUOTED-PRINTABLE:x${'=\r\nx'.repeat(200_000)}`,
      ),
      'a million parameters': card('FN:Ann', `X-A${';a=b'.repeat(1_000_000)}:x`),
      'a million quotes': card('FN:Ann', `X-A;a=${'"'.repeat(999_999)}:x`),
      'a million backslashes': card('FN:Ann', `N:${'\\'.repeat(40_000)};x`),
      'nested 100,000 deep': 'BEGIN:VCARD\r\n'.repeat(100_000),
      '100,000 cards': card('FN:Ann').repeat(100_000),
      'only line breaks': '\r\n'.repeat(1_000_000),
      'names of Object': card('FN:Ann', '__proto__:x', 'CONSTRUCTOR;__proto__=1:x', 'X;CONSTRUCTOR=1:x'),
      'control characters': card('FN:A\u202en\0n', 'NOTE:\0\ud800', 'TEL:\u200b', 'EMAIL: \u202e'),
    };
    for (const [what, text] of Object.entries(hostile)) {
      const beganMs = performance.now();
      const cards = await readCards(text);
      const contacts = contactsOf(cards);
      const written = writeCards(contacts);
      assert.ok(written.length < 10_000_000, what);
      assert.ok(
        contacts.every(({ name }) => name === 'Ann'),
        what,
      );
      assert.equal(cards.length > 10_000, what === '100,000 cards', what);
      assert.ok(cards.length <= 10_001 && (cards.length < 10_001 || cards.at(-1)?.fault === 'too-many'));
      const tookMs = performance.now() - beganMs;
      t.diagnostic(`${what}: ${tookMs.toFixed(0)} ms`);
      assert.ok(tookMs < 20_000, `${what} took ${tookMs} ms`);
    }
  });

  it('whatever a card holds, import, export and import again give the same contact', async () => {
    const token = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/);
    const value = fc.string({ unit: 'grapheme', maxLength: 200 }).map((text) => text.replace(/[\r\n]/g, ''));
    const param = fc
      .tuple(token, fc.string({ maxLength: 20 }))
      .map(([name, text]) => `;${name}="${text.replace(/["\r\n]/g, '')}"`);
    const known = fc.constantFrom(
      'FN',
      'N',
      'TEL',
      'EMAIL',
      'NOTE',
      'UID',
      'X-CANOPY-ACCOUNT',
      'PHOTO',
      'ORG',
    );
    const line = fc
      .tuple(fc.oneof(known, token), fc.array(param, { maxLength: 3 }), value)
      .map(([name, params, text]) => `${name}${params.join('')}:${text}`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.constantFrom('2.1', '3.0', '4.0'),
        async (lines, version) => {
          const text = ['BEGIN:VCARD', `VERSION:${version}`, ...lines, 'END:VCARD'].join('\r\n');
          const first = await read(text);
          const second = await read(writeCards(first));
          assert.deepEqual(second, first);
          if (version === '4.0' && first[0]) {
            const given = lines.filter((each) => !/^(?:VERSION|UID|X-CANOPY|BEGIN|END)/i.test(each));
            const written = propertiesOf(writeCards(first));
            assert.ok(given.every((each) => written.includes(each)));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
