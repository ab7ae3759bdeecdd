import type { ComponentType } from 'preact';
import type { AppModel, Notices } from '../model/index.ts';
import { loadLateStrings, strings } from '../strings/index.ts';
import { RoomView } from './call/room-view.tsx';
import { DamagedLink, DoorView } from './door/door.tsx';
import { Lobby } from './door/lobby.tsx';
import { DamagedInvitation, Invitation } from './identity/invitation.tsx';
import { NoIdentity } from './identity/no-identity.tsx';
import { usePageTitle } from './page-title.tsx';
import { PreviousIcon } from './parts/icons.tsx';
import { lazyView } from './parts/lazy-view.tsx';

const Waiting = () => <main class="center" aria-busy="true" />;

/** A screen that is loaded when it is first shown, with the words of rarely opened views. */
function lateScreen<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return lazyView(async () => {
    await loadLateStrings();
    return load();
  }, Waiting);
}

const Home = lazyView(async () => (await import('./home/home.tsx')).Home, Waiting);
const Console = lateScreen(async () => (await import('./console/console.tsx')).Console);
const MeetingRequestView = lazyView(
  async () => (await import('./home/meeting-request.tsx')).MeetingRequestView,
  Waiting,
);
const SignedOn = lazyView(async () => (await import('./identity/signed-on.tsx')).SignedOn, Waiting);
const CallScreens = lazyView(async () => (await import('./calls/call-screens.tsx')).CallScreens);
const NewDeviceView = lateScreen(async () => (await import('./devices/new-device.tsx')).NewDeviceView);
const SharedRecordingView = lateScreen(
  async () => (await import('./recordings/shared-recording.tsx')).SharedRecordingView,
);
const PinDialog = lazyView(async () => (await import('./door/pin-dialog.tsx')).PinDialog);

export function App({ model }: { model: AppModel }) {
  usePageTitle(model);
  return (
    <>
      <CurrentScreen model={model} />
      <PinPrompt model={model} />
      <Ringing model={model} />
      <NoticeList notices={model.notices} />
    </>
  );
}

function CurrentScreen({ model }: { model: AppModel }) {
  const screen = model.screen.value;
  switch (screen.name) {
    case 'loading':
      return <Waiting />;
    case 'invitation':
      return <Invitation model={model} invitation={screen.invitation} />;
    case 'damaged-invitation':
      return <DamagedInvitation />;
    case 'door':
      return <DoorView model={model} door={screen.door} />;
    case 'damaged-link':
      return <DamagedLink />;
    case 'signed-on':
      return <SignedOn model={model} />;
    case 'recording':
      return <SharedRecordingView key={screen.secret} secret={screen.secret} />;
    case 'new-device':
      return <NewDeviceView model={model} device={screen.device} />;
    case 'no-identity':
      return <NoIdentity model={model} roomId={screen.roomId} />;
    case 'home':
      return <Home model={model} />;
    case 'console':
      return <Console model={model} section={screen.section} />;
    case 'meeting-request':
      return <MeetingRequestView request={screen.request} />;
    case 'lobby':
      return (
        <>
          <header>
            <a class="home-link" href="#/" data-testid="home-link">
              <PreviousIcon />
              {strings.value.home.backHome}
            </a>
          </header>
          <Lobby key={screen.roomId} model={model} {...screen} />
        </>
      );
    case 'room':
      return <RoomView model={model} call={screen.call} />;
  }
}

/** A call that rings here, or that the user places. */
function Ringing({ model: { calls }, model }: { model: AppModel }) {
  return calls.incoming.value || calls.outgoing.value ? <CallScreens model={model} /> : null;
}

/** Asks for the PIN of a room that has one. */
function PinPrompt({ model }: { model: AppModel }) {
  const wanted = model.pinWanted.value;
  return wanted ? <PinDialog key={wanted.roomId} model={model} {...wanted} /> : null;
}

function NoticeList({ notices }: { notices: Notices }) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.list.value.map(({ id, text, isError, action }) => (
        <p key={id} class={isError ? 'notice error' : 'notice'} data-testid="notice">
          {text}
          {action && (
            <button
              type="button"
              class="small"
              data-testid="notice-action"
              onClick={() => {
                notices.dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
          <button
            type="button"
            class="quiet"
            aria-label={strings.value.common.dismiss}
            onClick={() => notices.dismiss(id)}
          >
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
