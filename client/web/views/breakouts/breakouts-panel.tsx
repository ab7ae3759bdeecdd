import { useSignal } from '@preact/signals';
import type { BreakoutsState } from '../../../sdk/index.ts';
import type { BreakoutsModel, Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { TimeLeft } from '../parts/time-left.tsx';
import '../../styles/breakouts.css';

const MIN_ROOMS = 2;
const MAX_ROOMS = 20;
/** After how many minutes everybody can be called back. */
const DURATIONS = [5, 10, 15, 20, 30, 45, 60] as const;
const MAX_MESSAGE = 300;

/** The breakout rooms: moderators plan, open and close them; others choose one, if they may. */
export function BreakoutsPanel({ call }: { call: Call }) {
  const model = call.breakouts;
  const { status, mayManage } = model.state.value;
  const { breakouts } = strings.value;
  return (
    <div class="breakouts" data-testid="breakouts">
      {!mayManage ? (
        <Choice model={model} here={call.room.roomId} />
      ) : status === 'none' ? (
        <PlanForm model={model} />
      ) : (
        <>
          {status === 'planned' && <Opening model={model} />}
          {status === 'open' && <Running model={model} />}
          {status === 'closing' && <p role="status">{breakouts.closing}</p>}
          <Rooms model={model} here={call.room.roomId} />
        </>
      )}
    </div>
  );
}

function PlanForm({ model }: { model: BreakoutsModel }) {
  const { breakouts } = strings.value;
  const count = useSignal(MIN_ROOMS);
  const assign = useSignal<'even' | 'none' | 'choice'>('even');
  const create = () => {
    const names = Array.from({ length: count.value }, (_, index) => breakouts.roomName(index + 1));
    return model.try(() => model.breakouts.plan(names, assign.value));
  };
  return (
    <form
      class="breakouts-form"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <p class="hint">{breakouts.intro}</p>
      <label class="field">
        {breakouts.number}
        <input
          type="number"
          data-testid="breakout-count"
          min={MIN_ROOMS}
          max={MAX_ROOMS}
          required
          value={count.value}
          onInput={({ currentTarget }) => (count.value = currentTarget.valueAsNumber)}
        />
      </label>
      <fieldset class="choices">
        <legend>{breakouts.assignField}</legend>
        {(['even', 'none', 'choice'] as const).map((each) => (
          <label key={each} class="choice">
            <input
              type="radio"
              name="breakout-assign"
              data-testid={`breakout-assign-${each}`}
              checked={assign.value === each}
              onChange={() => (assign.value = each)}
            />
            {breakouts.assign[each]}
          </label>
        ))}
      </fieldset>
      <button type="submit" class="primary" data-testid="breakout-plan">
        {breakouts.plan}
      </button>
    </form>
  );
}

/** Opens what is planned, or deletes it. */
function Opening({ model }: { model: BreakoutsModel }) {
  const { breakouts } = strings.value;
  const minutes = useSignal(0);
  return (
    <div class="breakouts-form">
      <label class="field">
        {breakouts.duration}
        <select
          data-testid="breakout-duration"
          value={String(minutes.value)}
          onChange={({ currentTarget }) => (minutes.value = Number(currentTarget.value))}
        >
          <option value="0">{breakouts.byHand}</option>
          {DURATIONS.map((each) => (
            <option key={each} value={String(each)}>
              {breakouts.after(each)}
            </option>
          ))}
        </select>
      </label>
      <div class="row">
        <button
          type="button"
          class="primary"
          data-testid="breakout-open"
          onClick={() =>
            void model.try(() => model.breakouts.open(minutes.value > 0 ? minutes.value * 60 : undefined))
          }
        >
          {breakouts.open}
        </button>
        <button
          type="button"
          data-testid="breakout-discard"
          onClick={() => void model.try(() => model.breakouts.discard())}
        >
          {breakouts.discard}
        </button>
      </div>
    </div>
  );
}

/** A message to all rooms, and the way back for everybody. */
function Running({ model }: { model: BreakoutsModel }) {
  const { breakouts } = strings.value;
  const { endsAtMs } = model.state.value;
  const text = useSignal('');
  const send = async () => {
    if (await model.try(() => model.breakouts.message(text.value))) {
      text.value = '';
    }
  };
  return (
    <div class="breakouts-form">
      <div class="row">
        <button
          type="button"
          class="primary"
          data-testid="breakout-close"
          onClick={() => void model.try(() => model.breakouts.close())}
        >
          {breakouts.close}
        </button>
        {endsAtMs !== undefined && <TimeLeft untilMs={endsAtMs} text={breakouts.left} />}
      </div>
      <form
        class="breakouts-message"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <input
          dir="auto"
          data-testid="breakout-message"
          aria-label={breakouts.message}
          placeholder={breakouts.message}
          maxLength={MAX_MESSAGE}
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
        <button type="submit" class="small" data-testid="breakout-send" disabled={text.value.trim() === ''}>
          {breakouts.send}
        </button>
      </form>
    </div>
  );
}

/** All rooms with their people, and those who have none. */
function Rooms({ model, here }: { model: BreakoutsModel; here: string }) {
  const { breakouts } = strings.value;
  const { rooms, people, status } = model.state.value;
  const unassigned = people.filter(({ assigned }) => assigned === null);
  return (
    <>
      {rooms.map(({ roomId, name }) => {
        const members = people.filter(({ assigned, at }) => assigned === roomId || at === roomId);
        return (
          <section key={roomId} class="breakout" data-testid="breakout-room" aria-label={name}>
            <header>
              <h3 dir="auto">{name}</h3>
              {status === 'open' && <JoinButton model={model} roomId={roomId} here={here} />}
            </header>
            <PeopleList model={model} people={members} roomId={roomId} />
          </section>
        );
      })}
      {unassigned.length > 0 && (
        <section class="breakout" data-testid="breakout-unassigned" aria-label={breakouts.unassigned}>
          <header>
            <h3>{breakouts.unassigned}</h3>
          </header>
          <PeopleList model={model} people={unassigned} roomId={null} />
        </section>
      )}
    </>
  );
}

function JoinButton({ model, roomId, here }: { model: BreakoutsModel; roomId: string; here: string }) {
  const { breakouts } = strings.value;
  return here === roomId ? (
    <span class="hint">{breakouts.youAreHere}</span>
  ) : (
    <button
      type="button"
      class="small"
      data-testid="breakout-join"
      aria-label={breakouts.join(model.nameOf(roomId))}
      onClick={() => void model.join(roomId)}
    >
      {breakouts.joinShort}
    </button>
  );
}

function PeopleList({
  model,
  people,
  roomId,
}: {
  model: BreakoutsModel;
  people: BreakoutsState['people'];
  roomId: string | null;
}) {
  const { breakouts } = strings.value;
  const { rooms, status, parentId } = model.state.value;
  if (people.length === 0) {
    return <p class="hint">{breakouts.nobody}</p>;
  }
  /** Where somebody is, if not where they should be. */
  const place = (at: string | null) => {
    if (at === null) {
      return breakouts.away;
    }
    if (status === 'planned' || at === (roomId ?? parentId)) {
      return status === 'planned' || roomId === null ? '' : breakouts.here;
    }
    return at === parentId ? breakouts.inMain : breakouts.inRoom(model.nameOf(at));
  };
  return (
    <ul class="breakout-people">
      {people.map(({ personId, displayName, assigned, at }) => (
        <li key={personId} data-testid="breakout-person">
          <span class="breakout-name">
            <bdi>{displayName}</bdi>
            <span class="hint">{place(at)}</span>
          </span>
          <select
            data-testid="breakout-select"
            aria-label={breakouts.roomOf(displayName)}
            value={assigned ?? ''}
            disabled={status === 'closing'}
            onChange={({ currentTarget }) =>
              void model.try(() => model.breakouts.assign(personId, currentTarget.value || null))
            }
          >
            <option value="">{breakouts.stays}</option>
            {rooms.map((each) => (
              <option key={each.roomId} value={each.roomId}>
                {each.name}
              </option>
            ))}
          </select>
        </li>
      ))}
    </ul>
  );
}

/** The rooms for those who choose one themselves. */
function Choice({ model, here }: { model: BreakoutsModel; here: string }) {
  const { breakouts } = strings.value;
  const { rooms } = model.state.value;
  return (
    <>
      <p class="hint">{breakouts.chooseHint}</p>
      {rooms.map(({ roomId, name, count }) => (
        <section key={roomId} class="breakout" data-testid="breakout-room" aria-label={name}>
          <header>
            <h3 dir="auto">{name}</h3>
            <span class="hint">{breakouts.people(count)}</span>
            <JoinButton model={model} roomId={roomId} here={here} />
          </header>
        </section>
      ))}
    </>
  );
}
