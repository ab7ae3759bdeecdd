import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Participant } from '../../../sdk/index.ts';
import { type AppModel, type Call, matchesName } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { HandIcon, InviteIcon, MicrophoneIcon } from '../parts/icons.tsx';
import { InviteDialog } from '../rooms/invite.tsx';
import { MuteAllDialog } from './mute-all.tsx';
import { PersonRow } from './person-row.tsx';
import { RemovedPeople } from './removed-people.tsx';
import { WaitingPeople } from './waiting-people.tsx';

/** Everyone in the call: raised hands first, then by name. */
export function PeoplePanel({ model, call }: { model: AppModel; call: Call }) {
  const typed = useSignal('');
  const { people } = strings.value;
  const all = call.participants.value.filter(({ displayName }) => matchesName(displayName, typed.value));
  const hands = call.hands.value.flatMap((id) => all.find(({ participantId }) => participantId === id) ?? []);
  const others = all
    .filter((each) => !hands.includes(each))
    .sort((a, b) => rank(call, a) - rank(call, b) || a.displayName.localeCompare(b.displayName));
  const row = (participant: Participant) => (
    <PersonRow key={participant.participantId} model={model} call={call} participant={participant} />
  );
  return (
    <div class="people" data-testid="people">
      <div class="people-head">
        <input
          type="search"
          data-testid="people-search"
          aria-label={people.search}
          placeholder={people.search}
          autoComplete="off"
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
        {call.moderates && <Actions call={call} />}
      </div>
      <WaitingPeople call={call} />
      {all.length === 0 && <p class="people-none">{people.none}</p>}
      {hands.length > 0 && (
        <List heading={people.hands} testId="people-hands">
          {hands.map(row)}
        </List>
      )}
      {others.length > 0 && (
        <List heading={people.everyone} testId="people-others">
          {others.map(row)}
        </List>
      )}
      {call.moderates && <RemovedPeople call={call} />}
    </div>
  );
}

/** This user comes first. */
function rank(call: Call, { participantId }: Participant): number {
  return participantId === call.room.participantId ? 0 : 1;
}

/** What a moderator does to everyone, and whether people are muted when they enter. */
function Actions({ call }: { call: Call }) {
  const { people } = strings.value;
  const dialog = useSignal<'invite' | 'mute' | undefined>(undefined);
  const close = () => {
    dialog.value = undefined;
  };
  const { entryRule, restraints } = call.moderation;
  const isDenied = [...restraints.value.values()].some(({ denied }) => denied.includes('microphone'));
  return (
    <>
      <div class="people-actions">
        <button
          type="button"
          class="small"
          data-testid="people-invite"
          onClick={() => (dialog.value = 'invite')}
        >
          <InviteIcon />
          {strings.value.invite.heading}
        </button>
        <button type="button" class="small" data-testid="mute-all" onClick={() => (dialog.value = 'mute')}>
          <MicrophoneIcon off />
          {people.muteAll}
        </button>
        {call.hands.value.length > 0 && (
          <button
            type="button"
            class="small"
            data-testid="lower-all"
            onClick={() => void call.moderation.lowerAllHands()}
          >
            <HandIcon />
            {people.lowerHands}
          </button>
        )}
      </div>
      {(entryRule.value !== 'free' || isDenied) && (
        <p class="people-rule" data-testid="entry-rule">
          {entryRule.value !== 'free' && people.entersMuted}{' '}
          {(entryRule.value === 'denied' || isDenied) && people.mayNotUnmuteAll}
          <button
            type="button"
            class="small"
            data-testid="allow-all"
            onClick={() => void call.moderation.allowAll()}
          >
            {people.allowAll}
          </button>
        </p>
      )}
      {dialog.value === 'invite' && <InviteDialog call={call} onClose={close} />}
      {dialog.value === 'mute' && <MuteAllDialog call={call} onClose={close} />}
    </>
  );
}

function List({
  heading,
  testId,
  children,
}: {
  heading: string;
  testId: string;
  children: ComponentChildren;
}) {
  const list = useRef<HTMLUListElement>(null);
  /** Arrow keys lead from one person's button to the next one's, so that nobody has to tab through all. */
  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>('.menu-button') ?? [])];
    const at = buttons.indexOf(event.target as HTMLElement);
    if (by !== undefined && at >= 0 && !event.defaultPrevented) {
      event.preventDefault();
      buttons[at + by]?.focus();
    }
  };
  return (
    <section>
      <h3>{heading}</h3>
      <ul ref={list} class="people-list" data-testid={testId} onKeyDown={move}>
        {children}
      </ul>
    </section>
  );
}
