import { useEffect, useRef } from 'preact/hooks';
import { displayable, type OpenedLink } from '../../../sdk/index.ts';
import { type AppModel, type Door, hasName } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { SignOnButton } from '../identity/sign-on-button.tsx';
import { Brand } from '../parts/brand.tsx';
import { Problem } from '../parts/problem.tsx';
import { DeviceCheck, DevicePreview } from './device-check.tsx';

/** The screen of somebody who opened a room link: asks for a name, then waits to be let in. */
export function DoorView({ model, door }: { model: AppModel; door: Door }) {
  const stage = door.stage.value;
  if (stage === 'opening') {
    return (
      <main class="center" aria-busy="true">
        <p role="status">{strings.value.door.opening}</p>
      </main>
    );
  }
  if (stage === 'closed') {
    return (
      <main class="center">
        <section class="card" data-testid="closed-link">
          <Brand />
          <h1>{strings.value.door.closed}</h1>
          <Problem error={door.problem.value} />
        </section>
      </main>
    );
  }
  return (
    <main class="lobby">
      <DevicePreview media={model.media} />
      {stage === 'asking' ? <Ask model={model} door={door} /> : <Wait door={door} />}
    </main>
  );
}

/** Shown for a truncated room link. */
export function DamagedLink() {
  const { door } = strings.value;
  return (
    <main class="center">
      <section class="card" data-testid="damaged-link">
        <Brand />
        <h1>{door.damaged}</h1>
        <p>{door.damagedAdvice}</p>
      </section>
    </main>
  );
}

function invitationTo({ roomId, title, invitedBy }: OpenedLink): string {
  const { door } = strings.value;
  if (!hasName({ roomId, title })) {
    return invitedBy ? door.invitesYouToMeeting(invitedBy) : door.invitedToMeeting;
  }
  return invitedBy ? door.invitesYou(invitedBy, title ?? roomId) : door.invited(title ?? roomId);
}

function headingOf({ opened, strangeRoomId: roomId, title }: Door): string {
  const { door } = strings.value;
  if (opened.value) {
    return invitationTo(opened.value);
  }
  if (roomId === undefined) {
    return door.invited(title ?? '');
  }
  // Nobody has invited them.
  return hasName({ roomId, title: null }) ? door.enter(roomId) : door.enterMeeting;
}

function Ask({ model, door }: { model: AppModel; door: Door }) {
  const words = strings.value.door;
  const name = displayable(door.name.value);
  const waits = door.opened.value?.lobby ?? true;
  const strange = door.strangeRoomId;
  const submit = (event: Event) => {
    event.preventDefault();
    door.name.value = name;
    void door.ask();
  };
  return (
    <form class="card" onSubmit={submit} data-testid="door">
      <Brand />
      <h1 dir="auto">{headingOf(door)}</h1>
      {door.isNewcomer.value ? (
        <label class="field">
          {words.yourName}
          <input
            data-testid="door-name"
            dir="auto"
            value={door.name.value}
            onInput={(event) => (door.name.value = event.currentTarget.value)}
            required
            maxLength={64}
            autocomplete="name"
            autofocus
            aria-describedby="door-name-hint"
          />
          <span class="hint" id="door-name-hint">
            {words.nameHint}
          </span>
        </label>
      ) : (
        <p>
          {words.joinAs} <strong dir="auto">{model.identity.value?.displayName}</strong>
        </p>
      )}
      {/* Above the devices: on phones the button would cover it. */}
      <Problem error={door.problem.value} />
      <details class="devices">
        <summary>{words.devices}</summary>
        <DeviceCheck media={model.media} />
        {door.isNewcomer.value && <p class="hint">{words.testLater}</p>}
      </details>
      <div class="join-row">
        <button
          type="submit"
          class="primary"
          data-testid="ask-to-join"
          disabled={door.isNewcomer.value && name === ''}
        >
          {door.problem.value ? words.askAgain : waits ? words.askToJoin : words.joinNow}
        </button>
        {waits && !door.problem.value && (
          <p class="hint">{strange === undefined ? words.lobbyHint : words.strangerHint}</p>
        )}
      </div>
      {door.isNewcomer.value && model.signOn.offer.value && (
        <div class="sign-on-row">
          <p class="hint">{strings.value.signOn.orSignOn}</p>
          <SignOnButton model={model} />
        </div>
      )}
      {strange !== undefined && (
        <button
          type="button"
          class="quiet"
          data-testid="have-account"
          onClick={() => model.useAccount(strange)}
        >
          {words.haveAccount}
        </button>
      )}
    </form>
  );
}

function Wait({ door }: { door: Door }) {
  const words = strings.value.door;
  const heading = useRef<HTMLHeadingElement>(null);
  const progress = door.progress.value;
  const entering = door.stage.value === 'entering';
  const asked = door.strangeRoomId === undefined && progress ? sentence(progress) : words.strangerAsked;
  useEffect(() => {
    // The button that was pressed is gone.
    heading.current?.focus();
  }, []);
  return (
    <section class="card waiting-card" data-testid="waiting" data-stage={door.stage.value}>
      <h1 ref={heading} tabIndex={-1} dir="auto">
        {door.title}
      </h1>
      <div class="waiting-state" role="status">
        <span class="spinner" aria-hidden="true" />
        <p>
          <strong>{entering ? words.entering : progress ? words.waiting : words.asking}</strong>
        </p>
        {!entering && progress && (
          <p data-testid="waiting-for">
            {door.connected.value ? asked : words.keptPlace}
            {progress.ahead > 0 && ` ${words.ahead(progress.ahead)}`}
          </p>
        )}
      </div>
      {!entering && (
        <button type="button" data-testid="cancel-waiting" onClick={() => void door.cancel()}>
          {strings.value.common.cancel}
        </button>
      )}
    </section>
  );
}

function sentence({ isOpen, hostPresent }: { isOpen: boolean; hostPresent: boolean }): string {
  const words = strings.value.door;
  if (hostPresent) {
    return words.hostThere;
  }
  return isOpen ? words.noHost : words.notBegun;
}
