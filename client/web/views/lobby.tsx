import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { displayable } from '../../sdk/index.ts';
import { type AppModel, deviceSentence, type LocalMedia, toRoomId } from '../model/index.ts';
import { errorSentence, strings } from '../strings/index.ts';
import { BackupButton } from './backup.tsx';
import { DeviceSelect } from './device-select.tsx';
import { LevelMeter, Video } from './media-element.tsx';
import { Problem } from './problem.tsx';
import { CameraToggle, MicrophoneToggle } from './toggles.tsx';
import { useShortcuts } from './use-shortcuts.ts';

/** The screen before joining: preview, devices, name and room. */
export function Lobby({ model, roomId }: { model: AppModel; roomId: string }) {
  const { media } = model;
  const typed = useSignal(roomId);
  useEffect(() => {
    void media.preview();
  }, []);
  useShortcuts({
    m: () => void media.setMuted(media.microphoneOn.value),
    v: () => void media.setCameraWanted(!media.cameraOn.value),
  });
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
      <section class="preview" aria-label={lobby.preview}>
        <div class="tile" data-testid="preview">
          {media.camera.value ? (
            <Video track={media.camera.value} mirrored />
          ) : (
            <p class="placeholder" role="status">
              {placeholder(media)}
            </p>
          )}
          <div class="preview-controls">
            <MicrophoneToggle media={media} />
            <CameraToggle media={media} />
          </div>
        </div>
        <LevelMeter track={media.muted.value ? undefined : media.microphone.value} />
        <DeviceProblems media={media} />
      </section>
      <form class="card" onSubmit={submit}>
        <h1>{lobby.heading}</h1>
        <IdentityLine model={model} />
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
        <NameField model={model} />
        <DeviceSelect media={media} kind="microphone" />
        <DeviceSelect media={media} kind="camera" />
        <DeviceSelect media={media} kind="speaker" />
        <Problem error={model.problem.value} />
        <div class="join-row">
          <button type="submit" class="primary" data-testid="join" disabled={model.busy.value}>
            {model.busy.value ? lobby.joining : replaced ? lobby.useThisTab : lobby.join}
          </button>
        </div>
      </form>
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

function IdentityLine({ model }: { model: AppModel }) {
  const identity = model.identity.value;
  if (!identity) {
    return null;
  }
  const { lobby } = strings.value;
  const forget = () => {
    if (confirm(lobby.confirmForget)) {
      void model.forget();
    }
  };
  return (
    <div class="identity">
      <span>
        {lobby.youAre} <strong data-testid="identity-name">{identity.displayName}</strong>{' '}
        {model.client.value && (
          <span class="verified" data-testid="identity-verified" title={identity.deviceId}>
            {lobby.verified}
          </span>
        )}
      </span>
      <span class="row">
        <BackupButton identity={identity} />
        <button type="button" class="quiet" data-testid="forget" onClick={forget}>
          {lobby.forget}
        </button>
      </span>
    </div>
  );
}

function placeholder(media: LocalMedia): string {
  const { lobby } = strings.value;
  if (media.asking.value) {
    return lobby.allowDevices;
  }
  if (!media.cameraWanted.value) {
    return lobby.cameraIsOff;
  }
  if (media.opening.value) {
    return lobby.starting;
  }
  return media.problems.value.camera ? lobby.noVideo : lobby.cameraIsOff;
}

/** The devices' problems; a single sentence if both have the same one. */
function DeviceProblems({ media }: { media: LocalMedia }) {
  // Devices may be tried one after another; wait until it is clear which one has the problem.
  if (media.opening.value) {
    return null;
  }
  const { camera, microphone } = media.problems.value;
  const sentences =
    camera && camera.code === microphone?.code
      ? [errorSentence(camera)]
      : [
          ...(microphone ? [deviceSentence('microphone', microphone)] : []),
          ...(camera ? [deviceSentence('camera', camera)] : []),
        ];
  return (
    <>
      {sentences.map((sentence) => (
        <p key={sentence} class="problem" role="alert" data-testid="device-problem">
          {sentence}
        </p>
      ))}
      {sentences.length > 0 && <p class="hint">{strings.value.lobby.canStillJoin}</p>}
    </>
  );
}
