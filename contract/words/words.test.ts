import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { queryWords, wordsOf } from './words.ts';

describe('the words of a message', () => {
  it('are in lower case, without punctuation, in any language', () => {
    assert.deepEqual(wordsOf('Привет, Ёлка! See https://x.example/a?b=1'), [
      ...['привет', 'елка', 'see', 'https', 'x', 'example', 'a', 'b', '1'],
    ]);
    assert.deepEqual(wordsOf('今天天气很好'), ['今天', '天气', '很好']);
    assert.deepEqual(wordsOf('e\u0301te\u0301 ﬁne ①'), ['été', 'fine', '1']);
  });

  it('of a query are distinct, and at most eight', () => {
    assert.deepEqual(queryWords('a a b c d e f g h i'), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  });

  it('threat 46: are not much longer than the text', () => {
    assert.ok(wordsOf('\ufdfa'.repeat(4000)).join(' ').length <= 8000);
  });

  it('threat 46: have no characters that mean anything in a query language', () => {
    assert.deepEqual(queryWords('"a" OR b* NEAR(c) \' -- :* & | ! \0 \ud800'), ['a', 'or', 'b', 'near', 'c']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        wordsOf(text).every((word) => /^[\p{L}\p{N}\p{M}]{1,64}$/u.test(word)),
      ),
    );
  });
});
