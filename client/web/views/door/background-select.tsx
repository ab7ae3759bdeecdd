import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { BACKGROUNDS, hasBackgroundPicture, type LocalMedia } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';

/** Chooses what others see behind the user. */
export function BackgroundSelect({ media }: { media: LocalMedia }) {
  const { devices } = strings.value;
  const files = useRef<HTMLInputElement>(null);
  const isNoPicture = useSignal(false);
  const { background = 'none' } = media.choices.value;
  const choose = (value: string) => {
    const chosen = BACKGROUNDS.find((each) => each === value);
    if (chosen === 'picture' && !hasBackgroundPicture()) {
      files.current?.click();
    } else if (chosen) {
      media.setBackground(chosen);
    }
  };
  const takePicture = async (file: File | undefined) => {
    try {
      if (file) {
        await media.chooseBackgroundPicture(file);
      }
      isNoPicture.value = false;
    } catch {
      isNoPicture.value = true;
    }
  };
  const problem = isNoPicture.value
    ? devices.noPicture
    : media.failedEffects.value.includes('camera')
      ? devices.backgroundFailed
      : undefined;
  return (
    <>
      <div class={background === 'picture' ? 'device-row' : undefined}>
        <label class="field">
          {devices.background}
          <select
            data-testid="background"
            value={background}
            onChange={({ currentTarget }) => {
              choose(currentTarget.value);
              // Until there is a picture, nothing has changed.
              currentTarget.value = media.choices.value.background ?? 'none';
            }}
          >
            {BACKGROUNDS.map((each) => (
              <option key={each} value={each}>
                {devices.backgrounds[each]}
              </option>
            ))}
          </select>
        </label>
        {background === 'picture' && (
          <button type="button" class="small" onClick={() => files.current?.click()}>
            {devices.otherPicture}
          </button>
        )}
      </div>
      <input
        ref={files}
        type="file"
        accept="image/*"
        hidden
        data-testid="background-picture"
        onChange={({ currentTarget }) => void takePicture(currentTarget.files?.[0])}
      />
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
