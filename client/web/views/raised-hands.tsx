import { type Call, listed } from '../model/index.ts';
import { HandIcon } from './icons.tsx';

/** Raises and lowers this user's hand. */
export function HandToggle({ call }: { call: Call }) {
  const up = call.handIsUp;
  return (
    <button
      type="button"
      class={up ? 'round active' : 'round'}
      data-testid="hand"
      aria-keyshortcuts="h"
      title={up ? 'Lower hand (h)' : 'Raise hand (h)'}
      aria-label={up ? 'Lower hand' : 'Raise hand'}
      onClick={() => void call.toggleHand()}
    >
      <HandIcon />
    </button>
  );
}

/** Lists everyone with a raised hand, even if their tile is on another page of the gallery. */
export function RaisedHands({ call }: { call: Call }) {
  const people = new Map(call.participants.value.map((each) => [each.participantId, each.displayName]));
  const names = call.hands.value.flatMap((participantId) => people.get(participantId) ?? []);
  if (names.length === 0) {
    return null;
  }
  return (
    <span class="hands" data-testid="hands" title={names.join(', ')}>
      <HandIcon />
      <span class="sr-only">Raised hands: </span>
      <span class="name" dir="auto">
        {listed(names)}
      </span>
    </span>
  );
}

/** The raised hand on a tile, with its place in the queue. */
export function HandBadge({ place, of }: { place: number; of: number }) {
  return (
    <span class="hand" data-testid="hand-badge" title="Raised hand">
      <HandIcon />
      {of > 1 && <span aria-hidden="true">{place}</span>}
      <span class="sr-only">{of > 1 ? `hand raised, ${place} of ${of},` : 'hand raised,'}</span>
    </span>
  );
}
