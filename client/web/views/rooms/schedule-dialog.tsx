import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import {
  displayable,
  type EncryptionPolicy,
  type RoomSchedule,
  type RoomSummary,
} from '../../../sdk/index.ts';
import { type AppModel, rememberEncrypted, saveCalendar } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { TitleField } from '../parts/title-field.tsx';
import { useAct } from '../parts/use-act.ts';
import { useRoomLink } from './use-room-link.ts';

/** Durations to choose from, in minutes. */
const DURATIONS = [15, 30, 45, 60, 90, 120, 180, 240, 480];
const DEFAULT_DURATION = 60;
const HOUR_MS = 3_600_000;

/** What was done, and how calendars learn of it. */
interface Outcome {
  kind: 'planned' | 'cancelled';
  roomId: string;
  ics: string | undefined;
}

/** Creates a room, with or without a meeting, or changes the meeting of one. */
export function ScheduleDialog({
  model,
  room,
  planned = true,
  onClose,
}: {
  model: AppModel;
  /** The room whose meeting is changed. Default: a new one. */
  room?: RoomSummary | undefined;
  /** Whether it has a meeting. Default true. */
  planned?: boolean;
  onClose(): void;
}) {
  const { rooms: words, common } = strings.value;
  const before = room?.schedule;
  const title = useSignal(room?.title ?? '');
  const first = useMemo(() => localTime(nextHour()), []);
  const startsAt = useSignal(before?.startsAt ?? first);
  const duration = useSignal(before?.durationMinutes ?? DEFAULT_DURATION);
  const timeZone = useSignal(before?.timeZone ?? ownTimeZone());
  const weekly = useSignal(before?.repeats === 'weekly');
  const description = useSignal(before?.description ?? '');
  const encryption = useSignal<EncryptionPolicy | undefined>(undefined);
  const outcome = useSignal<Outcome | undefined>(undefined);
  const { busy, problem, act } = useAct();
  const [date = '', time = ''] = startsAt.value.split('T');
  const ready = (!planned || (date !== '' && time !== '')) && displayable(title.value) !== '';

  const save = () =>
    act(async () => {
      const client = await model.connected();
      const schedule: RoomSchedule = {
        startsAt: startsAt.value,
        durationMinutes: duration.value,
        timeZone: timeZone.value,
        ...(weekly.value && { repeats: 'weekly' as const }),
        ...(description.value.trim() !== '' && { description: description.value.trim() }),
      };
      const change = { title: title.value, ...(planned && { schedule }) };
      const { roomId } = room
        ? await client.rooms.configure(room.roomId, change)
        : await client.rooms.create({ ...change, ...(encryption.value && { encryption: encryption.value }) });
      if (!room && encryption.value) {
        rememberEncrypted(roomId, encryption.value);
      }
      const ics = planned ? await client.rooms.invitation(roomId) : undefined;
      outcome.value = { kind: 'planned', roomId, ics };
    });
  const cancel = (roomId: string) =>
    act(async () => {
      const client = await model.connected();
      await client.rooms.configure(roomId, { schedule: null });
      outcome.value = { kind: 'cancelled', roomId, ics: await client.rooms.invitation(roomId) };
    });

  if (outcome.value) {
    return (
      <Dialog title={outcomeHeading(outcome.value, planned)} focusHeading onClose={onClose}>
        <OutcomeView model={model} outcome={outcome.value} planned={planned} />
        <CloseButton label={common.done} testId="outcome-done" />
      </Dialog>
    );
  }
  const heading = before ? words.reschedule : planned ? words.schedule : words.newRoom;
  return (
    <Dialog title={heading} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TitleField title={title} testId="room-title" placeholder={words.titleExample} required />
        {planned && (
          <>
            <div class="fields">
              <label class="field">
                {words.date}
                <input
                  type="date"
                  data-testid="date"
                  value={date}
                  required
                  onInput={(event) => (startsAt.value = `${event.currentTarget.value}T${time}`)}
                />
              </label>
              <label class="field">
                {words.time}
                <input
                  type="time"
                  data-testid="time"
                  value={time}
                  required
                  onInput={(event) => (startsAt.value = `${date}T${event.currentTarget.value}`)}
                />
              </label>
              <label class="field">
                {words.duration}
                <select
                  data-testid="duration"
                  value={duration.value}
                  onChange={(event) => (duration.value = Number(event.currentTarget.value))}
                >
                  {[...new Set([...DURATIONS, duration.value])]
                    .sort((a, b) => a - b)
                    .map((minutes) => (
                      <option key={minutes} value={minutes}>
                        {lengthOf(minutes)}
                      </option>
                    ))}
                </select>
              </label>
            </div>
            <label class="field">
              {words.timeZone}
              <select
                data-testid="time-zone"
                value={timeZone.value}
                onChange={(event) => (timeZone.value = event.currentTarget.value)}
              >
                <TimeZones chosen={timeZone.value} />
              </select>
            </label>
            <CheckField
              testId="weekly"
              checked={weekly.value}
              onChange={(checked) => (weekly.value = checked)}
              label={words.weekly}
            />
            <label class="field">
              {words.description}
              <textarea
                data-testid="description"
                dir="auto"
                rows={3}
                maxLength={1000}
                value={description.value}
                onInput={(event) => (description.value = event.currentTarget.value)}
              />
            </label>
          </>
        )}
        {!room && (
          <label class="field">
            {words.encryption}
            <select
              data-testid="encryption"
              value={encryption.value ?? ''}
              onChange={({ currentTarget: { value } }) => {
                encryption.value = value === '' ? undefined : (value as EncryptionPolicy);
              }}
            >
              <option value="">{words.notEncrypted}</option>
              <option value="allow-phones">{words.encryptedWithPhones}</option>
              <option value="required">{words.encrypted}</option>
            </select>
          </label>
        )}
        <Problem error={problem.value} />
        <button type="submit" class="primary" data-testid="plan" disabled={busy.value || !ready}>
          {before ? words.save : planned ? words.plan : words.create}
        </button>
        {room && before && (
          <button
            type="button"
            class="quiet danger"
            data-testid="cancel-meeting"
            disabled={busy.value}
            onClick={() => void cancel(room.roomId)}
          >
            {words.cancelMeeting}
          </button>
        )}
      </form>
      <CloseButton label={common.close} />
    </Dialog>
  );
}

function RoomLinkField({ model, label, roomId }: { model: AppModel; label: string; roomId: string }) {
  return <CopyLinkField label={label} link={useRoomLink(roomId, () => model.connected())} />;
}

function outcomeHeading({ kind }: Outcome, planned: boolean): string {
  const { rooms: words } = strings.value;
  return kind === 'cancelled' ? words.meetingCancelled : planned ? words.planned : words.newRoom;
}

/** Says how to invite people, or how to remove a cancelled meeting from calendars. */
function OutcomeView({
  model,
  outcome: { kind, roomId, ics },
  planned,
}: {
  model: AppModel;
  outcome: Outcome;
  planned: boolean;
}) {
  const { rooms: words } = strings.value;
  return (
    <>
      {kind === 'cancelled' ? (
        <p>{words.cancelledWhat}</p>
      ) : (
        <>
          {planned && <p>{words.plannedWhat}</p>}
          <RoomLinkField model={model} label={words.link} roomId={roomId} />
        </>
      )}
      {ics !== undefined && (
        <button type="button" data-testid="download-ics" onClick={() => saveCalendar(roomId, ics)}>
          {words.download}
        </button>
      )}
    </>
  );
}

function TimeZones({ chosen }: { chosen: string }) {
  const zones = useMemo(() => Intl.supportedValuesOf('timeZone'), []);
  return (
    <>
      {[...new Set([ownTimeZone(), chosen, ...zones])].map((zone) => (
        <option key={zone} value={zone}>
          {zone.replaceAll('_', ' ')}
        </option>
      ))}
    </>
  );
}

function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function nextHour(): Date {
  return new Date(Math.ceil((Date.now() + HOUR_MS / 4) / HOUR_MS) * HOUR_MS);
}

/** A time as the user's clock shows it: `2027-03-01T09:30`. */
function localTime(time: Date): string {
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function lengthOf(minutes: number): string {
  const { rooms: words } = strings.value;
  if (minutes < 60) {
    return words.minutes(minutes);
  }
  return minutes % 60 === 0
    ? words.hours(minutes / 60)
    : words.hoursAndMinutes(Math.floor(minutes / 60), minutes % 60);
}
