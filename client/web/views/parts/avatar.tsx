import { PhoneIcon } from './icons.tsx';

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Someone's initials, or a phone. */
export function Avatar({ name, seed, phone }: { name: string; seed: string; phone?: boolean }) {
  const hue = [...seed].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 9973, 0) % 6;
  return (
    <div class={`avatar hue-${hue}`} aria-hidden="true">
      {phone ? <PhoneIcon /> : initialsOf(name)}
    </div>
  );
}

export function initialsOf(name: string): string {
  return name.split(/\s+/).filter(Boolean).slice(0, 2).map(firstCharacter).join('').toLocaleUpperCase();
}

/** The first user-perceived character: an emoji or an accented letter may be several code points. */
function firstCharacter(word: string): string {
  const [first] = GRAPHEMES.segment(word);
  return first?.segment ?? '';
}
