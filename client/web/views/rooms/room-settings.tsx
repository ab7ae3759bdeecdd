import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import {
  CanopyError,
  displayable,
  type LobbyMode,
  type RoomChange,
  type RoomDefaults,
  type RoomDescription,
} from '../../../sdk/index.ts';
import { type AppModel, type Call, saveCalendar } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { useAct } from '../parts/use-act.ts';
import { ChatFields, chatChangeOf, chatSettingsOf } from './chat-settings.tsx';
import { LobbySelect } from './lobby-select.tsx';
import { type Permissions, PermissionTable, sameActions } from './permission-table.tsx';
import { type PhoneAnnouncements, PhoneFields } from './phone-settings.tsx';
import { RecordingFields, recordingChangeOf, recordingSettingsOf } from './recording-settings.tsx';
import { DeleteRoom, ExportRoom, HandOver } from './room-ownership.tsx';
import '../../styles/room-settings.css';
import { TitleField } from '../parts/title-field.tsx';

/** How long an empty room may stay open, and a seat be kept, in seconds. */
const EMPTY_SECONDS = [0, 60, 300, 900, 3600];
const DEPARTURE_SECONDS = [10, 30, 60, 120, 300];

interface SettingsProps {
  model: AppModel;
  roomId: string;
  /** The call in this room, if the user is in it. */
  call?: Call | undefined;
  onClose(): void;
}

/** The settings of a room, for its owner. */
export function RoomSettings({ model, roomId, call, onClose }: SettingsProps) {
  const { rooms: words, common } = strings.value;
  const loaded = useSignal<{ room: RoomDescription; defaults: RoomDefaults } | undefined>(undefined);
  const problem = useSignal<CanopyError | undefined>(undefined);
  useEffect(() => {
    const load = async () => {
      const { rooms } = await model.connected();
      const [room, defaults] = await Promise.all([rooms.settings(roomId), rooms.defaults()]);
      loaded.value = { room, defaults };
    };
    load().catch((error: unknown) => (problem.value = CanopyError.from(error)));
  }, [roomId]);
  return (
    <Dialog title={words.settings} focusHeading onClose={onClose}>
      {problem.value?.code === 'FORBIDDEN' ? <p>{words.forOwners}</p> : <Problem error={problem.value} />}
      {loaded.value ? (
        <>
          <SettingsForm {...loaded.value} model={model} onClose={onClose} />
          {call && <HandOver call={call} model={model} onDone={onClose} />}
          <ExportRoom model={model} roomId={roomId} />
          <DeleteRoom
            remove={async () => {
              const client = await model.connected();
              const ics = await client.rooms.delete(roomId);
              if (ics !== undefined) {
                saveCalendar(roomId, ics);
              }
              model.notices.say(words.deleted);
              onClose();
            }}
          />
        </>
      ) : (
        <div class="settings-loading" aria-busy={problem.value === undefined} />
      )}
      <CloseButton label={common.close} />
    </Dialog>
  );
}

function SettingsForm({
  model,
  room,
  defaults,
  onClose,
}: {
  model: AppModel;
  room: RoomDescription;
  defaults: RoomDefaults;
  onClose(): void;
}) {
  const { rooms: words } = strings.value;
  const title = useSignal(room.title ?? '');
  const locked = useSignal(room.locked ?? false);
  const pin = useSignal('');
  const removesPin = useSignal(false);
  const limit = useSignal(room.maxParticipants?.toString() ?? '');
  const emptyTimeout = useSignal(room.emptyTimeout ?? 0);
  const departureTimeout = useSignal<number | undefined>(room.departureTimeout);
  const permissions = useSignal<Permissions>({ ...defaults.permissions, ...room.permissions });
  const chat = useSignal(chatSettingsOf(room));
  const recording = useSignal(recordingSettingsOf(room, defaults));
  const announcements = useSignal<PhoneAnnouncements>(room.phoneAnnouncements ?? 'off');
  const passThrough = useSignal(room.phonePassThrough === 'automatic');
  const lobby = useSignal<LobbyMode>(room.lobby ?? 'guests');
  const { busy, problem, act } = useAct();
  const isPinUsable = pin.value === '' || /^\d{6,12}$/.test(pin.value);
  const save = () =>
    act(async () => {
      const change: RoomChange = {
        title: displayable(title.value) === '' ? null : title.value,
        locked: locked.value || null,
        lobby: lobby.value === 'guests' ? null : lobby.value,
        maxParticipants: limit.value === '' ? null : Number(limit.value),
        emptyTimeout: emptyTimeout.value === 0 ? null : emptyTimeout.value,
        departureTimeout: departureTimeout.value ?? null,
        permissions: chosen(permissions.value, defaults.permissions),
        phoneAnnouncements: announcements.value === 'off' ? null : announcements.value,
        phonePassThrough: passThrough.value ? 'automatic' : null,
        ...chatChangeOf(chat.value),
        ...recordingChangeOf(recording.value, defaults),
        ...(pin.value !== '' ? { pin: pin.value } : removesPin.value && { pin: null }),
      };
      const client = await model.connected();
      await client.rooms.configure(room.roomId, changesIn(change, room));
      model.notices.say(words.saved);
      onClose();
    });
  return (
    <form
      class="room-settings"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <TitleField title={title} testId="settings-title" placeholder={room.roomId} />
      <fieldset>
        <legend>{words.access}</legend>
        <CheckField
          testId="settings-locked"
          checked={locked.value}
          describedBy="locked-hint"
          onChange={(checked) => (locked.value = checked)}
          label={words.lockedSetting}
        />
        <p class="hint" id="locked-hint">
          {words.lockedHint}
        </p>
        <LobbySelect value={lobby.value} onChange={(mode) => (lobby.value = mode)} />
        <label class="field">
          {words.pin}
          <input
            data-testid="settings-pin"
            inputMode="numeric"
            autocomplete="off"
            value={pin.value}
            maxLength={12}
            aria-describedby="pin-hint"
            aria-invalid={!isPinUsable}
            onInput={(event) => (pin.value = event.currentTarget.value.replace(/\D/g, ''))}
          />
        </label>
        <p class="hint" id="pin-hint">
          {isPinUsable ? (room.hasPin ? words.pinIsSet : words.pinHint) : words.pinInvalid}
        </p>
        {room.hasPin && (
          <CheckField
            testId="settings-remove-pin"
            checked={removesPin.value}
            disabled={pin.value !== ''}
            onChange={(checked) => (removesPin.value = checked)}
            label={words.removePin}
          />
        )}
        <label class="field">
          {words.maxParticipants}
          <input
            type="number"
            data-testid="settings-limit"
            min={1}
            max={1000}
            value={limit.value}
            placeholder={`${words.maxDefault}: ${defaults.maxParticipants}`}
            onInput={(event) => (limit.value = event.currentTarget.value)}
          />
        </label>
      </fieldset>
      <fieldset>
        <legend>{words.permissions}</legend>
        <PermissionTable
          permissions={permissions.value}
          defaults={defaults.permissions}
          onChange={(changed) => (permissions.value = changed)}
        />
      </fieldset>
      <ChatFields settings={chat} />
      <RecordingFields settings={recording} />
      <PhoneFields announcements={announcements} passThrough={passThrough} />
      <fieldset>
        <legend>{words.stayOpen}</legend>
        <SecondsSelect
          label={words.keepOpen}
          testId="settings-empty"
          value={emptyTimeout.value}
          options={EMPTY_SECONDS}
          onChange={(seconds) => (emptyTimeout.value = seconds ?? 0)}
        />
        <SecondsSelect
          label={words.keepSeat}
          testId="settings-departure"
          value={departureTimeout.value}
          options={DEPARTURE_SECONDS}
          fallback={`${words.serverDefault}: ${words.seconds(defaults.departureTimeout)}`}
          onChange={(seconds) => (departureTimeout.value = seconds)}
        />
      </fieldset>
      <div class="save-row">
        <Problem error={problem.value} />
        <button
          type="submit"
          class="primary"
          data-testid="settings-save"
          disabled={busy.value || !isPinUsable}
        >
          {words.save}
        </button>
      </div>
    </form>
  );
}

function SecondsSelect({
  label,
  testId,
  value,
  options,
  fallback,
  onChange,
}: {
  label: string;
  testId: string;
  value: number | undefined;
  options: readonly number[];
  /** What applies without a choice. Absent: a choice is needed. */
  fallback?: string;
  onChange(seconds: number | undefined): void;
}) {
  const all = [...new Set([...options, ...(value === undefined ? [] : [value])])].sort((a, b) => a - b);
  return (
    <label class="field">
      {label}
      <select
        data-testid={testId}
        value={value ?? ''}
        onChange={({ currentTarget: { value: text } }) => onChange(text === '' ? undefined : Number(text))}
      >
        {fallback !== undefined && <option value="">{fallback}</option>}
        {all.map((seconds) => (
          <option key={seconds} value={seconds}>
            {timeOf(seconds)}
          </option>
        ))}
      </select>
    </label>
  );
}

function timeOf(seconds: number): string {
  const { rooms: words } = strings.value;
  if (seconds === 0) {
    return words.endsAtOnce;
  }
  if (seconds % 3600 === 0) {
    return words.hours(seconds / 3600);
  }
  return seconds % 60 === 0 ? words.minutes(seconds / 60) : words.seconds(seconds);
}

/** What differs from the room as it was loaded, so that others’ changes since then are kept. */
function changesIn({ permissions, ...change }: RoomChange, room: RoomDescription): RoomChange {
  const before: Record<string, unknown> = { ...room };
  const differs = ([name, value]: [string, unknown]) =>
    JSON.stringify(value ?? null) !== JSON.stringify(before[name] ?? null);
  const given: Record<string, unknown> = room.permissions;
  const roles = Object.entries(permissions ?? {}).filter(
    ([role, actions]) => JSON.stringify(actions ?? null) !== JSON.stringify(given[role] ?? null),
  );
  return {
    ...Object.fromEntries(Object.entries(change).filter(differs)),
    ...(change.pin === null && { pin: null }),
    ...(roles.length > 0 && { permissions: Object.fromEntries(roles) }),
  };
}

/** What to store: nothing for a role that has its defaults, so that it also gets later ones. */
function chosen(permissions: Permissions, defaults: Permissions): NonNullable<RoomChange['permissions']> {
  const of = (role: keyof Permissions) =>
    sameActions(permissions[role], defaults[role]) ? null : [...permissions[role]];
  return { moderator: of('moderator'), speaker: of('speaker'), viewer: of('viewer') };
}
