import { strings } from '../../strings/index.ts';

/** The product's mark and name. */
export function Brand() {
  return (
    <p class="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path d="M16 3a9 9 0 0 0-8.6 6.3A7 7 0 0 0 9 23h5v6h4v-6h5a7 7 0 0 0 1.6-13.7A9 9 0 0 0 16 3Z" />
      </svg>
      {strings.value.home.brand}
    </p>
  );
}
