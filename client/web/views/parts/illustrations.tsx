import type { ComponentChildren } from 'preact';

function Illustration({ children }: { children: ComponentChildren }) {
  return (
    <svg class="illustration" viewBox="0 0 160 112" aria-hidden="true">
      <ellipse class="ground" cx="80" cy="100" rx="62" ry="7" />
      {children}
    </svg>
  );
}

/** A calendar without entries, beside a cup. */
export function EmptyCalendar() {
  return (
    <Illustration>
      <rect class="paper" x="42" y="22" width="66" height="72" rx="8" />
      <path class="strong" d="M42 30a8 8 0 0 1 8-8h50a8 8 0 0 1 8 8v10H42Z" />
      <path class="line" d="M58 14v14M92 14v14" />
      <path
        class="soft"
        d="M52 52h10v8H52Zm18 0h10v8H70Zm18 0h10v8H88ZM52 66h10v8H52Zm18 0h10v8H70Zm18 0h10v8H88ZM52 80h10v8H52Z"
      />
      <path class="paper" d="M116 76h18v12a6 6 0 0 1-6 6h-6a6 6 0 0 1-6-6Z" />
      <path class="line" d="M134 79h3a4 4 0 0 1 0 8h-3M121 70c-2-3 2-5 0-8M129 70c-2-3 2-5 0-8" />
    </Illustration>
  );
}

/** An open door between two plants. */
export function EmptyRooms() {
  return (
    <Illustration>
      <path class="soft" d="M54 96V26a6 6 0 0 1 6-6h40a6 6 0 0 1 6 6v70Z" />
      <path class="paper" d="M62 96V28h36v68Z" />
      <path class="strong" d="M62 28l24 9v68l-24-9Z" />
      <circle class="knob" cx="80" cy="68" r="2.5" />
      <path
        class="line"
        d="M28 98V80M28 84c-9-1-12-8-11-15 8 1 11 7 11 15Zm0-6c0-9 4-14 11-15 1 8-3 14-11 15ZM131 98V78M131 82c8-1 11-7 10-14-7 1-10 6-10 14Zm0 4c0-7-4-12-11-13-1 8 4 12 11 13Z"
      />
    </Illustration>
  );
}

/** Two windows in which nobody talks yet. */
export function EmptyHistory() {
  return (
    <Illustration>
      <rect class="soft" x="24" y="28" width="66" height="48" rx="8" />
      <circle class="paper" cx="57" cy="46" r="8" />
      <path class="paper" d="M42 68a15 13 0 0 1 30 0Z" />
      <rect class="strong" x="72" y="42" width="66" height="48" rx="8" />
      <circle class="paper" cx="105" cy="60" r="8" />
      <path class="paper" d="M90 82a15 13 0 0 1 30 0Z" />
    </Illustration>
  );
}

/** An address book with two people. */
export function EmptyContacts() {
  return (
    <Illustration>
      <rect class="soft" x="44" y="18" width="76" height="78" rx="8" />
      <rect class="paper" x="54" y="18" width="66" height="78" rx="8" />
      <circle class="strong" cx="87" cy="46" r="10" />
      <path class="strong" d="M68 76a19 16 0 0 1 38 0Z" />
      <path class="line" d="M40 34h10M40 52h10M40 70h10" />
      <path class="soft" d="M120 30h8v16h-8ZM120 52h8v16h-8Z" />
    </Illustration>
  );
}

/** A sheet with answers, one of them chosen. */
export function EmptyPoll() {
  return (
    <Illustration>
      <rect class="paper" x="40" y="16" width="80" height="80" rx="8" />
      <rect class="soft" x="64" y="30" width="44" height="10" rx="5" />
      <rect class="strong" x="64" y="51" width="32" height="10" rx="5" />
      <rect class="soft" x="64" y="72" width="38" height="10" rx="5" />
      <circle class="soft" cx="53" cy="35" r="5" />
      <circle class="strong" cx="53" cy="56" r="5" />
      <circle class="soft" cx="53" cy="77" r="5" />
    </Illustration>
  );
}
