import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { displayName, roomId } from './common.ts';
import { displayable, nameLook } from './names.ts';

describe('threat 64: names of people', () => {
  const SHOWN = [
    'Ann',
    'Ann-Marie O’Neil',
    'Аня',
    'José Ñandú',
    'हिन्दी',
    'ประชุมใหญ่',
    'محمد علی‌رضا',
    'ශ්‍රී ලංකා',
    'ക്‍ഷ',
    '葛󠄀城',
    '김철수',
    'Ann 👩‍👩‍👧‍👦',
    '🏴󠁧󠁢󠁥󠁮󠁧󠁿 Harry',
    '❤️ 1️⃣ 👍🏽',
  ];
  for (const name of SHOWN) {
    it(`${name} stays as it is`, () => assert.equal(displayName.parse(name), name.normalize('NFC')));
  }

  const HIDDEN: Record<string, string> = {
    'zero-width space': 'Ada\u200b',
    'word joiner': 'A\u2060da',
    'soft hyphen': 'A\u00adda',
    'Hangul filler': 'Ada\u3164',
    'half-width Hangul filler': 'Ada\uffa0',
    'combining grapheme joiner': 'A\u034fda',
    'Arabic letter mark': 'Ada\u061c',
    'right-to-left override': '\u202eAda',
    isolate: '\u2066Ada\u2069',
    'byte order mark': '\ufeffAda',
    'a tag without a flag': 'Ada\u{e0041}\u{e0042}',
    'lone surrogate': 'Ada\ud83d',
    'variation selector': 'Ada\ufe0f',
    'joiner between Latin letters': 'A\u200dd\u200ca',
    'joiner at the end': 'Ada\u200d',
    annotation: '\ufff9Ada\ufffa',
    'private use': 'Ada\ue000',
    bell: 'A\u0007da',
    'line separator': '\u2028Ada\u2029',
    'spaces of many kinds': '\u00a0\u3000Ada\u2003',
    'Braille blank': '\u2800Ada',
    'leading combining mark': '\u0301Ada',
  };
  for (const [what, name] of Object.entries(HIDDEN)) {
    it(`${what} is removed, so that it cannot make two names look alike`, () => {
      assert.equal(displayName.parse(name), 'Ada');
    });
  }

  it('a name without visible characters is refused', () => {
    for (const name of ['', ' ', '\u200b', '\u3164\u2060', '\u2028', '\u202e', '\ud800', '\u2800']) {
      assert.equal(displayName.safeParse(name).success, false, JSON.stringify(name));
    }
  });

  it('composed and decomposed spellings are the same name, and runs of spaces become one', () => {
    assert.equal(displayName.parse('Cafe\u0301  \t Ltd'), 'Café Ltd');
  });

  it('excess combining marks are removed', () => {
    assert.ok(displayable(`A${'\u0338'.repeat(60)}da`).length < 10);
  });

  it('the result is well-formed and bounded for any input, and cleaning is idempotent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const name = displayable(text);
        assert.ok(name.length <= 64 && name.isWellFormed());
        assert.equal(name, name.normalize('NFC'));
        assert.equal(displayable(name), name);
        assert.doesNotMatch(name, /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u061c\u200b]/u);
      }),
    );
  });
});

describe('names of rooms', () => {
  it('keep the marks of their script', () => {
    for (const name of ['हिन्दी-कक्षा', 'ประชุมใหญ่', 'தமிழ்', 'বাংলা', 'ភាសាខ្មែរ', 'Team_7']) {
      assert.equal(roomId.parse(name), name.normalize('NFC'));
    }
  });

  it('are the same however their letters are composed', () => {
    assert.equal(roomId.parse('Cafe\u0301'), roomId.parse('Café'));
    assert.equal(roomId.parse('\u1112\u1161\u11ab'), '한');
  });

  it('contain nothing else', () => {
    for (const name of ['', '../etc', 'a b', '-a', '\u0301a', 'a\u200bb', 'a/b', 'x'.repeat(65), 'a\u202e']) {
      assert.equal(roomId.safeParse(name).success, false, JSON.stringify(name));
    }
  });
});

describe('threat 64: names that look alike', () => {
  it('have the same look: case, width, spaces, punctuation, and letters of other scripts make no difference', () => {
    for (const name of [
      'ADA LOVELACE',
      'Аdа Lоvеlасе',
      'ada  lovelace',
      'Ada-Lovelace.',
      'Ａda Love1ace',
      'Αda Lovelace',
    ]) {
      assert.equal(nameLook(name), nameLook('Ada Lovelace'), name);
    }
    assert.equal(nameLook('СОСО'), nameLook('coco'));
    assert.equal(nameLook('Straße'), nameLook('STRASSE'));
  });

  it('other names have another, in any script', () => {
    const names = [
      'Ada',
      'Adam',
      'Adá',
      'Анна',
      'Аня',
      'محمد',
      'أحمد',
      '山田',
      '김철수',
      'हिन्दी',
      'हिन्द',
      '👩',
      '👨',
      '–',
    ];
    assert.equal(new Set(names.map(nameLook)).size, names.length);
  });
});
