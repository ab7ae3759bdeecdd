import type { Signal } from '@preact/signals';
import type { RoomDescription } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';

export type PhoneAnnouncements = NonNullable<RoomDescription['phoneAnnouncements']>;

const CHOICES: readonly PhoneAnnouncements[] = ['off', 'tone', 'name', 'recorded'];

/** What phones in a room hear when somebody comes or goes. */
export function PhoneFields({ announcements }: { announcements: Signal<PhoneAnnouncements> }) {
  const { phones } = strings.value;
  return (
    <fieldset>
      <legend>{phones.title}</legend>
      <label class="field">
        {phones.announcements}
        <select
          data-testid="settings-announcements"
          aria-describedby="announcements-hint"
          value={announcements.value}
          onChange={({ currentTarget }) => {
            announcements.value = currentTarget.value as PhoneAnnouncements;
          }}
        >
          {CHOICES.map((choice) => (
            <option key={choice} value={choice}>
              {phones.announcementChoices[choice]}
            </option>
          ))}
        </select>
      </label>
      <p class="hint" id="announcements-hint">
        {phones.announcementsHint}
      </p>
    </fieldset>
  );
}
