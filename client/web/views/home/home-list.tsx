import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { CanopyError, type RoomSummary } from '../../../sdk/index.ts';
import { type AppModel, type HomeRooms, roomName, roomUrl, saveCalendar } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CalendarIcon, CopyIcon, LockIcon, MoreIcon, SettingsIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { ago, meetingTime } from '../parts/times.ts';
import type { HomeDialog } from './home-dialogs.tsx';

/** A visit this recent is called one of just now, in milliseconds. */
const JUST_NOW_MS = 60_000;

interface ListContext {
  model: AppModel;
  rooms: HomeRooms;
  open(dialog: HomeDialog): void;
}

/** One of the lists of rooms. */
export function HomeList({
  name,
  heading,
  action,
  empty,
  ...context
}: ListContext & {
  name: 'upcoming' | 'mine' | 'recent';
  heading: string;
  action?: ComponentChildren;
  /** Shown if there are none. */
  empty: { picture: ComponentChildren; text: string; advice?: string };
}) {
  const headingId = useId();
  const { rooms } = context;
  const state = rooms[name].value;
  return (
    <section class="home-list" aria-labelledby={headingId} data-testid={`list-${name}`}>
      <div class="home-list-header">
        <h2 id={headingId}>{heading}</h2>
        {action}
      </div>
      {state === undefined ? (
        // Keeps the place, so that nothing moves when the rooms arrive.
        <div class="home-empty" aria-busy="true" />
      ) : state.rooms.length === 0 ? (
        <div class="home-empty" data-testid="empty">
          {empty.picture}
          <p>{empty.text}</p>
          {empty.advice && <p class="hint">{empty.advice}</p>}
        </div>
      ) : (
        <ul>
          {state.rooms.map((room) => (
            <RoomRow key={room.roomId} room={room} {...context} />
          ))}
        </ul>
      )}
      {state?.hasMore && (
        <button type="button" class="quiet" onClick={() => void rooms.showMore(name)}>
          {strings.value.home.showMore}
        </button>
      )}
    </section>
  );
}

function RoomRow({ room, model, open }: ListContext & { room: RoomSummary }) {
  const { home } = strings.value;
  const { roomId, participants, locked, role, schedule } = room;
  const title = roomName(room, room.nextStartMs ?? room.visitedAtMs);
  return (
    <li class="room-row" data-testid="room-row" data-room={roomId}>
      <div class="room-about">
        <p class="room-title" dir="auto">
          {title}
          {locked && (
            <span class="room-locked" title={home.locked}>
              <LockIcon />
              <span class="sr-only">{home.locked}</span>
            </span>
          )}
        </p>
        <div class="room-times">
          {participants > 0 && <span class="live">{home.inside(participants)}</span>}
          <RoomTimes room={room} />
        </div>
      </div>
      <button
        type="button"
        data-testid="enter"
        aria-label={home.enterNamed(title)}
        onClick={() => model.open(roomId, room.title)}
      >
        {home.enter}
      </button>
      <MenuButton label={home.more(title)} testId="room-more" icon={<MoreIcon />} buttonClass="icon-button">
        <MenuItem testId="copy-room-link" icon={<CopyIcon />} onSelect={() => void copyLink(model, roomId)}>
          {home.copyLink}
        </MenuItem>
        {schedule && (
          <MenuItem
            testId="calendar"
            icon={<CalendarIcon />}
            onSelect={() => void saveInvitation(model, roomId)}
          >
            {home.calendar}
          </MenuItem>
        )}
        {role === 'owner' && (
          <MenuItem
            testId="edit-schedule"
            icon={<CalendarIcon />}
            onSelect={() => open({ name: 'schedule', room })}
          >
            {schedule ? home.editSchedule : home.schedule}
          </MenuItem>
        )}
        {role === 'owner' && (
          <MenuItem
            testId="room-settings"
            icon={<SettingsIcon />}
            onSelect={() => open({ name: 'settings', roomId })}
          >
            {home.settings}
          </MenuItem>
        )}
      </MenuButton>
    </li>
  );
}

/** When the next meeting is, or when the user was last there; else the room's name in links. */
function RoomTimes({ room: { roomId, title, schedule, nextStartMs, visitedAtMs } }: { room: RoomSummary }) {
  const { home } = strings.value;
  if (schedule && nextStartMs !== undefined) {
    return (
      <span>
        {nextStartMs <= Date.now() && <strong>{home.now} · </strong>}
        <time dateTime={new Date(nextStartMs).toISOString()}>
          {meetingTime(nextStartMs, schedule.durationMinutes)}
        </time>
        {schedule.repeats && ` · ${home.weekly}`}
      </span>
    );
  }
  if (visitedAtMs !== undefined) {
    return (
      <span>{Date.now() - visitedAtMs < JUST_NOW_MS ? home.visitedNow : home.visited(ago(visitedAtMs))}</span>
    );
  }
  return title === null ? null : (
    <span class="room-name" dir="auto">
      {roomId}
    </span>
  );
}

async function copyLink(model: AppModel, roomId: string): Promise<void> {
  const { notices } = model;
  const link = await model
    .connected()
    .then((client) => client.roomLinks.obtain(roomId))
    .then(({ url }) => url ?? roomUrl(model.linkOrigin, roomId))
    // People who may not invite copy the room's address.
    .catch(() => roomUrl(model.linkOrigin, roomId));
  try {
    await navigator.clipboard.writeText(link);
    notices.say(strings.value.home.linkCopied);
  } catch {
    // Without permission, the user copies it from here.
    notices.say(link);
  }
}

async function saveInvitation(model: AppModel, roomId: string): Promise<void> {
  try {
    const client = await model.connected();
    saveCalendar(roomId, await client.rooms.invitation(roomId));
  } catch (error) {
    model.notices.error(CanopyError.from(error));
  }
}
