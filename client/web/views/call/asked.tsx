import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Dialog } from '../parts/dialog.tsx';

/** Asks this user for what a moderator wants. Closing the dialog means no. */
export function AskedDialog({ call }: { call: Call }) {
  const asked = call.moderation.asked.value;
  if (!asked) {
    return null;
  }
  const { moderation: words } = strings.value;
  const [title, agree, refuse] = {
    microphone: [words.askUnmute(asked.by), words.unmute, words.stayMuted] as const,
    camera: [words.askCamera(asked.by), words.turnOnCamera, words.keepCameraOff] as const,
    screen: [words.askScreen(asked.by), words.shareScreen, words.notNow] as const,
  }[asked.what];
  return (
    <Dialog key={asked.what} title={title} onClose={() => void call.moderation.answer(false)}>
      <p>{words.askHint}</p>
      <div class="row">
        <button
          type="button"
          class="primary"
          data-testid="asked-agree"
          onClick={() => void call.moderation.answer(true)}
        >
          {agree}
        </button>
        <button type="button" data-testid="asked-refuse" onClick={() => void call.moderation.answer(false)}>
          {refuse}
        </button>
      </div>
    </Dialog>
  );
}
