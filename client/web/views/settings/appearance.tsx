import { useId } from 'preact/hooks';
import { setTheme, THEMES, theme } from '../../model/index.ts';
import { LANGUAGE_NAMES, language, setLanguage, strings } from '../../strings/index.ts';

/** The settings of language and theme. */
export function Appearance() {
  const headingId = useId();
  const { appearance } = strings.value;
  return (
    <section class="settings-section" aria-labelledby={headingId}>
      <h3 id={headingId}>{appearance.heading}</h3>
      <label class="field">
        {appearance.language}
        <select
          data-testid="language"
          value={language.value}
          onChange={({ currentTarget: { value } }) => {
            const chosen = LANGUAGE_NAMES.find(([tag]) => tag === value);
            if (chosen) {
              void setLanguage(chosen[0]);
            }
          }}
        >
          {LANGUAGE_NAMES.map(([tag, name]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <fieldset class="choices">
        <legend>{appearance.theme}</legend>
        {THEMES.map((each) => (
          <label key={each} class="choice">
            <input
              type="radio"
              name="theme"
              data-testid={`theme-${each}`}
              checked={theme.value === each}
              onChange={() => setTheme(each)}
            />
            {appearance[each]}
          </label>
        ))}
      </fieldset>
    </section>
  );
}
