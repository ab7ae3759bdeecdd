import { initialsOf } from '../parts/avatar.tsx';

/** Stands for a person's picture. `rings`: the call rings, here or there. */
export function Initials({ name, rings = false }: { name: string; rings?: boolean }) {
  return (
    <span class={rings ? 'initials rings' : 'initials'} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}
