import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import {
  DATA_USES,
  type LocalMedia,
  preferences,
  SELF_VIEWS,
  selfView,
  setPreferences,
  setSelfView,
} from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { setShortcutsOn, shortcutsOn } from '../call/use-shortcuts.ts';
import { DeviceCheck, DeviceProblems } from '../door/device-check.tsx';
import { PathCheckView } from '../door/path-check.tsx';
import type { PanelProps } from '../panels/panel.ts';
import { CheckField } from '../parts/check-field.tsx';
import { LevelMeter } from '../parts/media-element.tsx';
import { Appearance } from './appearance.tsx';

/** The settings of this device, during a call. */
export function SettingsPanel({ model, call }: PanelProps) {
  const { media } = model;
  const { settings, paths } = strings.value;
  const { mirror, sounds, pushToTalk } = preferences.value;
  return (
    <div class="settings">
      <Section heading={settings.devices}>
        <DeviceProblems media={media} />
        <DeviceCheck media={media} />
        <LevelMeter track={media.microphone.value} />
        <Processing media={media} />
      </Section>
      <Section heading={settings.video}>
        <CheckField
          testId="mirror"
          label={settings.mirror}
          checked={mirror}
          onChange={(on) => setPreferences({ mirror: on })}
        />
        <SelfViewSelect />
        <DataUse />
      </Section>
      {/* The check is a section of the same name itself. */}
      <div class="settings-section">
        <h3>{paths.heading}</h3>
        <PathCheckView check={model.pathCheck} client={call.client} />
      </div>
      <Section heading={settings.notices}>
        <CheckField
          testId="sounds"
          label={settings.sounds}
          checked={sounds}
          onChange={(on) => setPreferences({ sounds: on })}
        />
      </Section>
      <Section heading={settings.keyboard}>
        <CheckField
          testId="push-to-talk"
          label={settings.pushToTalk}
          checked={pushToTalk}
          onChange={(on) => setPreferences({ pushToTalk: on })}
        />
        <CheckField
          testId="settings-shortcuts"
          label={settings.shortcuts}
          checked={shortcutsOn.value}
          onChange={setShortcutsOn}
        />
      </Section>
      <Appearance />
    </div>
  );
}

function Section({ heading, children }: { heading: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="settings-section" aria-labelledby={id}>
      <h3 id={id}>{heading}</h3>
      {children}
    </section>
  );
}

const PROCESSING = ['noiseSuppression', 'echoCancellation', 'autoGainControl'] as const;

/** What the browser does to the microphone's sound. */
function Processing({ media }: { media: LocalMedia }) {
  const { settings } = strings.value;
  const { processing = {} } = media.choices.value;
  return (
    <fieldset class="choices">
      <legend>{settings.processing}</legend>
      {PROCESSING.map((name) => (
        <CheckField
          key={name}
          testId={name}
          label={settings[name]}
          checked={processing[name] ?? true}
          onChange={(on) => void media.setProcessing({ [name]: on })}
        />
      ))}
      <CheckField
        testId="voiceOnly"
        label={settings.voiceOnly}
        checked={media.choices.value.voiceOnly ?? false}
        onChange={(on) => void media.setVoiceOnly(on)}
      />
      {media.failedEffects.value.includes('microphone') && (
        <p class="problem" role="alert">
          {strings.value.devices.voiceOnlyFailed}
        </p>
      )}
      <p class="hint">{settings.processingHint}</p>
    </fieldset>
  );
}

/** Where this user's own video is shown. */
function SelfViewSelect() {
  const { settings } = strings.value;
  return (
    <label class="field">
      {settings.selfView}
      <select
        data-testid="self-view"
        value={selfView.value}
        onChange={({ currentTarget: { value } }) => {
          const chosen = SELF_VIEWS.find((each) => each === value);
          if (chosen) {
            setSelfView(chosen);
          }
        }}
      >
        {SELF_VIEWS.map((each) => (
          <option key={each} value={each}>
            {settings.selfViews[each]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** How much video to receive. */
function DataUse() {
  const { settings } = strings.value;
  return (
    <fieldset class="choices">
      <legend>{settings.dataUse}</legend>
      {DATA_USES.map((each) => (
        <label key={each} class="choice">
          <input
            type="radio"
            name="data-use"
            data-testid={`data-use-${each}`}
            checked={preferences.value.dataUse === each}
            onChange={() => setPreferences({ dataUse: each })}
          />
          {settings.dataUses[each]}
        </label>
      ))}
    </fieldset>
  );
}
