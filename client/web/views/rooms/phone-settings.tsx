import type { Signal } from '@preact/signals';
import type { RoomDescription } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';

export type PhoneAnnouncements = NonNullable<RoomDescription['phoneAnnouncements']>;

const CHOICES: readonly PhoneAnnouncements[] = ['off', 'tone', 'name', 'recorded'];

/** What phones in a room hear when somebody comes or goes, and whether their sound is converted. */
export function PhoneFields({
  announcements,
  passThrough,
}: {
  announcements: Signal<PhoneAnnouncements>;
  passThrough: Signal<boolean>;
}) {
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
      <CheckField
        testId="settings-pass-through"
        checked={passThrough.value}
        describedBy="pass-through-hint"
        onChange={(checked) => (passThrough.value = checked)}
        label={phones.passThrough}
      />
      <p class="hint" id="pass-through-hint">
        {phones.passThroughHint}
      </p>
    </fieldset>
  );
}
