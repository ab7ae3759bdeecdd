import type { Participant } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { PersonMenu } from '../people/person-menu.tsx';

/** The actions on someone, on their tile. */
export function TileMenu({ call, participant }: { call: Call; participant: Participant }) {
  return (
    <div class="actions">
      <PersonMenu call={call} participant={participant} testId="tile-menu" />
    </div>
  );
}
