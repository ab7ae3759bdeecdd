import type { ReactionKind } from '../../../sdk/index.ts';
import { type Call, REACTION_EMOJI } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { ReactionIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';

const KINDS = Object.keys(REACTION_EMOJI) as ReactionKind[];

/** The button that offers the reactions. On narrow screens, the toolbar's menu has them. */
export function ReactionButton({ call }: { call: Call }) {
  return (
    <div class="from-medium">
      <MenuButton
        label={strings.value.reactions.send}
        testId="reactions"
        icon={<ReactionIcon />}
        buttonClass="round"
      >
        <ReactionChoices call={call} />
      </MenuButton>
    </div>
  );
}

/** The reactions, in a menu. It stays open, so that people can clap. */
export function ReactionChoices({ call, itemClass = '' }: { call: Call; itemClass?: string }) {
  const { kinds } = strings.value.reactions;
  return (
    <div class={`reaction-choices ${itemClass}`} role="none">
      {KINDS.map((kind) => (
        <MenuItem key={kind} testId={`reaction-${kind}`} kept onSelect={() => void call.reactions.send(kind)}>
          <span aria-hidden="true">{REACTION_EMOJI[kind]}</span>
          <span class="sr-only">{kinds[kind]}</span>
        </MenuItem>
      ))}
    </div>
  );
}

/** A person's reactions, rising over their tile. Screen readers hear them from ReactionSummary. */
export function TileReactions({ call, participantId }: { call: Call; participantId: string }) {
  const shown = call.reactions.shown.value.filter((each) => each.participantId === participantId);
  if (shown.length === 0) {
    return null;
  }
  return (
    <div class="tile-reactions" data-testid="tile-reactions" aria-hidden="true">
      {shown.map(({ id, kind, count }) => (
        <span key={id} class="reaction" style={{ '--drift': `${(id % 5) - 2}` }}>
          {REACTION_EMOJI[kind]}
          {count > 1 && <small>×{count}</small>}
        </span>
      ))}
    </div>
  );
}

/** What everyone sends at the moment, above the toolbar; people may react whose tile is on another page. */
export function ReactionSummary({ call }: { call: Call }) {
  const counts = new Map<ReactionKind, number>();
  for (const { kind, count } of call.reactions.shown.value) {
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  return (
    <>
      <div class="reaction-summary" data-testid="reaction-summary" aria-hidden="true">
        {[...counts].map(([kind, count]) => (
          <span key={kind}>
            {REACTION_EMOJI[kind]} {count > 1 && count}
          </span>
        ))}
      </div>
      <p class="sr-only" role="status" aria-live="polite">
        {call.reactions.announcement.value}
      </p>
    </>
  );
}
