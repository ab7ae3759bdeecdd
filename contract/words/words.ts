/** Longer words are cut, in UTF-16 code units. */
const MAX_WORD = 64;
/** How much of a text is indexed, in UTF-16 code units: without compatibility forms, one character can become eighteen. */
const MAX_INDEXED = 8000;
/** Maximum number of words in a query. */
const MAX_QUERY_WORDS = 8;

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/**
 * The words of a text as the search index has them: lower case, without compatibility forms, `ё` as `е`; languages that write no spaces are
 * split by dictionary. Words consist of letters, digits and marks only, so they mean nothing to a query language.
 */
export function wordsOf(text: string): string[] {
  const folded = text.normalize('NFKC').slice(0, MAX_INDEXED).toLowerCase().replaceAll('ё', 'е');
  return [...segmenter.segment(folded)].flatMap(({ segment, isWordLike }) =>
    isWordLike
      ? segment
          .split(/[^\p{L}\p{N}\p{M}]+/u)
          .flatMap((word) => (/[\p{L}\p{N}]/u.test(word) ? word.slice(0, MAX_WORD) : []))
      : [],
  );
}

/** The distinct words that a query asks for. */
export function queryWords(query: string): string[] {
  return [...new Set(wordsOf(query))].slice(0, MAX_QUERY_WORDS);
}
