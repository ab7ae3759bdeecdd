import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import {
  type AppModel,
  consoleFragment,
  type Destination,
  HomeRooms,
  readDestination,
} from '../../model/index.ts';
import { loadLateStrings, strings } from '../../strings/index.ts';
import { RecentCallsList } from '../calls/recent-calls.tsx';
import { AccountBannerSlot } from '../devices/banner-slot.tsx';
import { AccountMenu } from '../identity/account-menu.tsx';
import { IdentityLine } from '../identity/identity-line.tsx';
import { Brand } from '../parts/brand.tsx';
import { IconButton } from '../parts/icon-button.tsx';
import {
  CalendarIcon,
  CameraIcon,
  ConsoleIcon,
  OwnDevicesIcon,
  PlusIcon,
  SettingsIcon,
} from '../parts/icons.tsx';
import { EmptyCalendar, EmptyHistory, EmptyRooms } from '../parts/illustrations.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { Problem } from '../parts/problem.tsx';
import { useHeadingFocus } from '../parts/use-heading-focus.ts';
import { type HomeDialog, HomeDialogs } from './home-dialogs.tsx';
import { HomeList } from './home-list.tsx';
import '../../styles/home.css';

/** Comes after what people open the page for. */
const LazyPeopleList = lazyView(async () => (await import('../contacts/people-list.tsx')).PeopleList);

const HomeRecordings = lazyView(async () => {
  await loadLateStrings();
  return (await import('../recordings/home-recordings.tsx')).HomeRecordings;
});

/** The home page of people who are enrolled: start, schedule or join a meeting, and the user's rooms. */
export function Home({ model }: { model: AppModel }) {
  const rooms = useMemo(() => new HomeRooms(() => model.connected()), [model]);
  const dialog = useSignal<HomeDialog | undefined>(undefined);
  useEffect(() => rooms.start(), [rooms]);
  const { account, home } = strings.value;
  const { busy, client, identity, problem } = model;
  const mayCreate = client.value?.account.role !== 'guest';
  const open = (opened: HomeDialog) => {
    dialog.value = opened;
  };
  const heading = useHeadingFocus();
  const list = { model, rooms, open };
  return (
    <main class="home" data-testid="home">
      <header class="home-header">
        <Brand />
        <IdentityLine model={model} />
        {identity.value?.issuedByAccount && (
          <IconButton label={account.open} testId="your-devices" onClick={() => open({ name: 'devices' })}>
            <OwnDevicesIcon />
          </IconButton>
        )}
        {client.value?.account.role === 'admin' && window.parent === window && (
          <a
            class="icon-button button"
            href={consoleFragment('overview')}
            data-testid="console-link"
            aria-label={home.console}
            title={home.console}
          >
            <ConsoleIcon />
          </a>
        )}
        <IconButton label={home.appearance} testId="appearance" onClick={() => open({ name: 'appearance' })}>
          <SettingsIcon />
        </IconButton>
        <AccountMenu model={model} />
      </header>
      <AccountBannerSlot model={model} />
      <section class="start" aria-labelledby="home-heading">
        <h1 ref={heading} id="home-heading" dir="auto" tabIndex={-1}>
          {home.greeting(identity.value?.displayName ?? '')}
        </h1>
        {mayCreate && (
          <div class="start-actions">
            <button
              type="button"
              class="primary large"
              data-testid="new-meeting"
              disabled={busy.value}
              onClick={() => void model.newMeeting()}
            >
              <CameraIcon />
              {home.newMeeting}
            </button>
            <button
              type="button"
              class="large"
              data-testid="schedule"
              onClick={() => open({ name: 'schedule' })}
            >
              <CalendarIcon />
              {home.schedule}
            </button>
          </div>
        )}
        <JoinForm model={model} />
        {identity.value?.roomId !== undefined && !mayCreate && (
          <p class="your-room">
            {home.yourRoom}{' '}
            <button
              type="button"
              data-testid="your-room"
              onClick={() => model.open(identity.value?.roomId ?? '')}
            >
              <span dir="auto">{identity.value.roomId}</span>
            </button>
          </p>
        )}
        <Problem error={problem.value} />
      </section>
      {rooms.problem.value && rooms.problem.value.code !== problem.value?.code && (
        <p class="problem load-problem" role="alert">
          {home.loadFailed}{' '}
          <button type="button" class="quiet" onClick={() => void rooms.load()}>
            {home.tryAgain}
          </button>
        </p>
      )}
      <div class="home-lists">
        <div class="home-column">
          {mayCreate && (
            <HomeList
              {...list}
              name="upcoming"
              heading={home.upcoming}
              empty={{ picture: <EmptyCalendar />, text: home.noUpcoming, advice: home.noUpcomingAdvice }}
            />
          )}
          {mayCreate && (
            <HomeList
              {...list}
              name="mine"
              heading={home.mine}
              action={
                <button
                  type="button"
                  class="quiet"
                  data-testid="new-room"
                  onClick={() => open({ name: 'new-room' })}
                >
                  <PlusIcon />
                  {home.newRoom}
                </button>
              }
              empty={{ picture: <EmptyRooms />, text: home.noMine, advice: home.noMineAdvice }}
            />
          )}
          <HomeList
            {...list}
            name="recent"
            heading={home.recent}
            empty={{ picture: <EmptyHistory />, text: home.noRecent }}
          />
          {client.value && <HomeRecordings model={model} />}
        </div>
        {mayCreate && (
          <div class="home-column">
            <RecentCallsList model={model} />
            {client.value && <LazyPeopleList model={model} />}
          </div>
        )}
      </div>
      <HomeDialogs
        model={model}
        rooms={rooms}
        dialog={dialog.value}
        onClose={() => (dialog.value = undefined)}
      />
    </main>
  );
}

/** Joins by the name of a room, or by a link. */
function JoinForm({ model }: { model: AppModel }) {
  const typed = useSignal('');
  const unusable = useSignal<Destination | undefined>(undefined);
  const { home } = strings.value;
  const submit = (event: Event) => {
    event.preventDefault();
    const destination = readDestination(typed.value, [location.origin, model.linkOrigin]);
    unusable.value = undefined;
    if (destination.kind === 'room') {
      model.open(destination.roomId);
    } else if (destination.kind === 'fragment') {
      location.hash = destination.fragment;
    } else {
      unusable.value = destination;
    }
  };
  const wrong = unusable.value;
  return (
    <form class="join-form" onSubmit={submit}>
      <label class="field">
        {home.joinLabel}
        <input
          data-testid="destination"
          dir="auto"
          value={typed.value}
          placeholder={home.joinExample}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={2000}
          required
          aria-describedby="destination-hint"
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            unusable.value = undefined;
          }}
        />
      </label>
      <button type="submit" data-testid="go" disabled={typed.value.trim() === ''}>
        {home.join}
      </button>
      <p class="hint" id="destination-hint" role="status" data-testid="destination-hint">
        {wrong?.kind === 'elsewhere' && (
          <>
            {home.otherServer(wrong.host)}{' '}
            <a href={wrong.url} target="_blank" rel="noopener noreferrer">
              {home.openThere}
            </a>
          </>
        )}
        {wrong?.kind === 'nothing' && home.notALink}
      </p>
    </form>
  );
}
