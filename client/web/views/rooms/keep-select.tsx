import { strings } from '../../strings/index.ts';

/** How long something may be kept, in days. */
const DAYS = [1, 7, 30, 90, 365, 3650];

/** Chooses how long something is kept. */
export function KeepSelect({
  label,
  testId,
  days,
  forever,
  isOffered = () => true,
  onChange,
}: {
  label: string;
  testId: string;
  /** Undefined: as `forever` says. */
  days: number | undefined;
  /** What the choice without a number of days means; undefined: there is none. */
  forever?: string;
  /** Whether to offer a number of days. Default: all. */
  isOffered?(days: number): boolean;
  onChange(days: number | undefined): void;
}) {
  const { chat } = strings.value;
  const offered = DAYS.filter(isOffered);
  const choices = [...new Set([...offered, ...(days === undefined ? [] : [days])])].sort((a, b) => a - b);
  return (
    <label class="field">
      {label}
      <select
        data-testid={testId}
        value={days ?? ''}
        onChange={({ currentTarget: { value } }) => onChange(value === '' ? undefined : Number(value))}
      >
        {forever !== undefined && <option value="">{forever}</option>}
        {choices.map((each) => (
          <option key={each} value={each}>
            {each % 365 === 0 ? chat.years(each / 365) : chat.days(each)}
          </option>
        ))}
      </select>
    </label>
  );
}
