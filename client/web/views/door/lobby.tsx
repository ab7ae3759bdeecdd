import { useSignal } from '@preact/signals';
import { displayable } from '../../../sdk/index.ts';
import { type AppModel, toRoomId } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { AccountBannerSlot } from '../devices/banner-slot.tsx';
import { IdentityLine } from '../identity/identity-line.tsx';
import { Problem } from '../parts/problem.tsx';
import { useHeadingFocus } from '../parts/use-heading-focus.ts';
import { DeviceCheck, DevicePreview } from './device-check.tsx';
import { PathCheckView } from './path-check.tsx';

/** The screen before joining: preview, devices, name and room. */
export function Lobby({
  model,
  roomId,
  title,
  left,
}: {
  model: AppModel;
  roomId: string;
  /** Shown instead of the field with the room's name. */
  title: string | undefined;
  left: boolean;
}) {
  const { media } = model;
  const heading = useHeadingFocus();
  const typed = useSignal(roomId);
  const { lobby } = strings.value;
  const target = toRoomId(typed.value);
  const replaced = model.problem.value?.code === 'SESSION_REPLACED';
  const submit = (event: Event) => {
    event.preventDefault();
    if (target && !model.busy.value) {
      void model.join(target);
    }
  };
  return (
    <main class="lobby">
      <DevicePreview media={media} />
      <form class="card" onSubmit={submit}>
        <h1 ref={heading} tabIndex={-1}>
          {left ? lobby.leftCall : lobby.heading}
        </h1>
        {title !== undefined && (
          <p data-testid="lobby-title" dir="auto">
            <strong>{title}</strong>
          </p>
        )}
        <IdentityLine model={model} />
        {/* Nothing between the user and the call that can wait until afterwards. */}
        {(left || model.care.need.value?.kind !== 'protect') && <AccountBannerSlot model={model} />}
        {title === undefined && (
          <>
            <label class="field">
              {lobby.room}
              <input
                data-testid="room"
                value={typed.value}
                onInput={(event) => (typed.value = event.currentTarget.value)}
                placeholder={lobby.roomExample}
                required
                maxLength={64}
                autocomplete="off"
                aria-describedby="room-hint"
              />
            </label>
            <p class="hint" id="room-hint" role="status" data-testid="room-hint">
              {roomHint(typed.value, target)}
            </p>
          </>
        )}
        <NameField model={model} />
        <Problem error={model.problem.value} />
        <div class="join-row">
          <button type="submit" class="primary" data-testid="join" disabled={model.busy.value}>
            {model.busy.value
              ? lobby.joining
              : replaced
                ? lobby.useThisTab
                : left
                  ? lobby.rejoin
                  : lobby.join}
          </button>
        </div>
      </form>
      <DeviceCheck media={media} />
      <PathCheckView check={model.pathCheck} client={model.client.value} />
    </main>
  );
}

/** Room names are part of links, so not every name is possible; shows the name that will be used instead. */
function roomHint(typed: string, target: string | undefined): string {
  if (typed.trim() === '') {
    return '';
  }
  if (target === undefined) {
    return strings.value.lobby.roomNeedsLetter;
  }
  return target === typed.trim() ? '' : strings.value.lobby.roomWillBe(target);
}

/** The name for calls. The certificate keeps its own. */
function NameField({ model }: { model: AppModel }) {
  const typed = model.displayName.value.trim();
  const shown = displayable(typed);
  return (
    <label class="field">
      {strings.value.lobby.yourName}
      <input
        data-testid="display-name"
        value={model.displayName.value}
        onInput={(event) => model.rename(event.currentTarget.value)}
        required
        maxLength={64}
        autocomplete="name"
      />
      {shown !== '' && shown !== typed && (
        <span data-testid="name-hint">{strings.value.lobby.othersWillSee(shown)}</span>
      )}
    </label>
  );
}
