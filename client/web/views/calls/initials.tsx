/** Stands for a person's picture. `rings`: the call rings, here or there. */
export function Initials({ name, rings = false }: { name: string; rings?: boolean }) {
  const initials = name
    .split(' ')
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...new Intl.Segmenter().segment(word)][0]?.segment ?? '')
    .join('')
    .toLocaleUpperCase();
  return (
    <span class={rings ? 'initials rings' : 'initials'} aria-hidden="true">
      {initials}
    </span>
  );
}
