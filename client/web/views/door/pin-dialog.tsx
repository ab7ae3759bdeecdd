import { useSignal } from '@preact/signals';
import { CanopyError } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { errorSentence, strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from '../parts/dialog.tsx';

/** Asks for the PIN of the room that the user wants to join. */
export function PinDialog({ model, roomId, wrong }: { model: AppModel; roomId: string; wrong: boolean }) {
  const { rooms: words, common } = strings.value;
  const typed = useSignal('');
  // People type spaces into long numbers.
  const pin = typed.value.replace(/\D/g, '');
  const isComplete = /^\d{6,12}$/.test(pin);
  return (
    <Dialog
      title={words.pinNeeded}
      onClose={() => {
        if (model.pinWanted.value?.roomId === roomId && !model.busy.value) {
          model.pinWanted.value = undefined;
        }
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete) {
            void model.join(roomId, { pin });
          }
        }}
      >
        <p>{words.pinFrom}</p>
        <label class="field">
          {words.pinField}
          <input
            data-testid="pin"
            inputMode="numeric"
            autocomplete="off"
            maxLength={24}
            required
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </label>
        {wrong && (
          <p class="problem" role="alert" data-testid="pin-wrong">
            {errorSentence(new CanopyError('PIN_WRONG'))}
          </p>
        )}
        <button type="submit" class="primary" data-testid="pin-join" disabled={!isComplete}>
          {words.join}
        </button>
      </form>
      <CloseButton label={common.cancel} />
    </Dialog>
  );
}
