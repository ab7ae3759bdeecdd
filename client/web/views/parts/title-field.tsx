import type { Signal } from '@preact/signals';
import { strings } from '../../strings/index.ts';

/** The field for a room's title. */
export function TitleField({
  title,
  testId,
  placeholder,
  required = false,
}: {
  title: Signal<string>;
  testId: string;
  placeholder: string;
  required?: boolean;
}) {
  return (
    <label class="field">
      {strings.value.rooms.title}
      <input
        data-testid={testId}
        dir="auto"
        value={title.value}
        placeholder={placeholder}
        maxLength={128}
        autocomplete="off"
        required={required}
        onInput={(event) => (title.value = event.currentTarget.value)}
      />
    </label>
  );
}
