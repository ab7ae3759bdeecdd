import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { HandIcon } from '../parts/icons.tsx';

/** Raises and lowers this user's hand. */
export function HandToggle({ call }: { call: Call }) {
  const up = call.handIsUp;
  const label = up ? strings.value.controls.lowerHand : strings.value.controls.raiseHand;
  return (
    <IconButton
      label={label}
      testId="hand"
      shortcut="h"
      look={up ? 'round active' : 'round'}
      onClick={() => void call.toggleHand()}
    >
      <HandIcon />
    </IconButton>
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
      <span class="sr-only">{strings.value.hands.list} </span>
      <span class="name" dir="auto">
        {strings.value.listed(names)}
      </span>
    </span>
  );
}

/** The raised hand on a tile, with its place in the queue. */
export function HandBadge({ place, of }: { place: number; of: number }) {
  const { hands } = strings.value;
  return (
    <span class="hand" data-testid="hand-badge" title={hands.badge}>
      <HandIcon />
      {of > 1 && <span aria-hidden="true">{place}</span>}
      <span class="sr-only">{of > 1 ? hands.raisedInQueue(place, of) : hands.raised}</span>
    </span>
  );
}
