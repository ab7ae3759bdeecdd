import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { firstLine, isAnswered, textPieces } from './chat-text.ts';

const linksOf = (text: string) =>
  textPieces(text, []).flatMap((piece) => (piece.kind === 'link' ? [[piece.text, piece.href]] : []));

describe('the text of a message', () => {
  it('has links to http, https and mailto, without the punctuation after them', () => {
    assert.deepEqual(
      linksOf('See https://a.example/x_(y)?z=1, or (http://b.example). Mail mailto:ann@c.example!'),
      [
        ['https://a.example/x_(y)?z=1', 'https://a.example/x_(y)?z=1'],
        ['http://b.example', 'http://b.example/'],
        ['mailto:ann@c.example', 'mailto:ann@c.example'],
      ],
    );
  });

  it('threat 46: never links to a script, to data or to a file', () => {
    for (const text of [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'data:text/html,<script>',
      'vbscript:x',
      'file:///etc/passwd',
      'https:javascript:alert(1)',
      'http://',
      'https://[',
    ]) {
      assert.deepEqual(linksOf(text), [], text);
    }
    // What looks like another site is shown as it really is by the link's title.
    assert.deepEqual(linksOf('https://аррlе.example')[0]?.[1], 'https://xn--l-7sbq6ba.example/');
  });

  it('threat 46: a hostile address does not freeze the page', () => {
    const beganMs = performance.now();
    const [[text] = []] = linksOf(`http://a${'.'.repeat(2900)}x${')'.repeat(1000)}`);
    assert.equal(text, `http://a${'.'.repeat(2900)}x`);
    const tookMs = performance.now() - beganMs;
    assert.ok(tookMs < 500, `${tookMs} ms`);
  });

  it('marks mentions by their names, the longest first', () => {
    assert.deepEqual(textPieces('Hi @Ann Lee and @Ann, not @Bob', ['Ann', 'Ann Lee']), [
      { kind: 'text', text: 'Hi ' },
      { kind: 'mention', text: '@Ann Lee' },
      { kind: 'text', text: ' and ' },
      { kind: 'mention', text: '@Ann' },
      { kind: 'text', text: ', not @Bob' },
    ]);
  });

  it('is never changed by being split', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('https://', 'mailto:', '@Ann', 'http://x.example/', ' ', '(', ')', '\n'),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const text = parts.join('');
        assert.equal(
          textPieces(text, ['Ann', 'A'])
            .map((piece) => piece.text)
            .join(''),
          text,
        );
      }),
    );
  });

  it('is previewed by its first line', () => {
    assert.equal(firstLine('one\ntwo'), 'one');
    assert.equal(firstLine('a'.repeat(200), 10), `${'a'.repeat(10)}…`);
  });
});

describe('the message that another one answers', () => {
  const author = { accountId: 'ann', participantId: 'p', displayName: 'Ann' };

  it('threat 24: has the id and the account that the answer names', () => {
    const reply = { replyToId: 'message-1', replyToAuthor: 'ann' };
    assert.ok(isAnswered(reply, { id: 'message-1', author }));
    assert.ok(isAnswered(reply, { id: 'message-1', author: null }));
    assert.ok(!isAnswered(reply, { id: 'message-2', author }));
    assert.ok(!isAnswered(reply, { id: 'message-1', author: { ...author, accountId: 'eve' } }));
  });

  it('is taken from the server in rooms that are not encrypted', () => {
    assert.ok(isAnswered({}, { id: 'message-1', author }));
  });
});
