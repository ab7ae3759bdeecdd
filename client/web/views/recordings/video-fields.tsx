import type { Composition } from '../../../sdk/index.ts';
import { lateStrings } from '../../strings/index.ts';

type Format = Composition['format'];
type Layout = Composition['layout'];

const FORMATS: readonly Format[] = ['mp4', 'webm', 'm4a', 'opus'];
const LAYOUTS: readonly Layout[] = ['speaker', 'gallery'];

export interface VideoChoice<F extends Format | 'off' = Format> {
  format: F;
  layout: Layout;
}

/** Chooses what to make of a recording: the format, and for a video the layout. */
export function VideoFields<F extends Format | 'off'>({
  label,
  testId,
  choice,
  none,
  onChange,
}: {
  label: string;
  testId: string;
  choice: VideoChoice<F>;
  /** What to call the choice `off`. Absent: there is none. */
  none?: string;
  onChange(choice: VideoChoice<F>): void;
}) {
  const { recordings: words } = lateStrings();
  const { format, layout } = choice;
  return (
    <>
      <label class="field">
        {label}
        <select
          data-testid={`${testId}-format`}
          value={format}
          onChange={({ currentTarget }) => onChange({ format: currentTarget.value as F, layout })}
        >
          {none !== undefined && <option value="off">{none}</option>}
          {FORMATS.map((each) => (
            <option key={each} value={each}>
              {words.formats[each]}
            </option>
          ))}
        </select>
      </label>
      {(format === 'mp4' || format === 'webm') && (
        <label class="field">
          {words.layout}
          <select
            data-testid={`${testId}-layout`}
            value={layout}
            onChange={({ currentTarget }) => onChange({ format, layout: currentTarget.value as Layout })}
          >
            {LAYOUTS.map((each) => (
              <option key={each} value={each}>
                {words.layouts[each]}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}
