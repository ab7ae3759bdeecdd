import { useSignal } from '@preact/signals';
import type { CallMedia } from '../../../sdk/index.ts';
import { type AppModel, callableNumber, callUrl, readCallAddress } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { CameraIcon, PhoneIcon } from '../parts/icons.tsx';
import { WithholdNumber } from './withhold-number.tsx';

/** Calls somebody by the link or address that they gave the user. */
export function CallDialog({ model, onClose }: { model: AppModel; onClose(): void }) {
  const linked = model.calls.linked.value;
  const typed = useSignal(linked === undefined ? '' : callUrl(location.origin, linked));
  const isUnusable = useSignal(false);
  const { calls, common } = strings.value;
  const dialsNumbers = model.calls.dialsNumbers.value;
  const ownId = model.client.value?.account.accountId;
  const call = (media: CallMedia) => {
    const address =
      readCallAddress(typed.value, [location.origin, model.linkOrigin]) ??
      (dialsNumbers ? callableNumber(typed.value) : undefined);
    isUnusable.value = address === undefined;
    if (address !== undefined) {
      onClose();
      void model.calls.call(address, media);
    }
  };
  const isEmpty = typed.value.trim() === '';
  return (
    <Dialog title={calls.callSomebody} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          call('audio');
        }}
      >
        <label class="field">
          {dialsNumbers ? calls.addressOrNumber : calls.address}
          <input
            data-testid="call-address"
            value={typed.value}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            maxLength={2000}
            required
            aria-describedby="call-address-hint"
            onInput={(event) => {
              typed.value = event.currentTarget.value;
              isUnusable.value = false;
            }}
          />
        </label>
        <p class="hint" id="call-address-hint" role="status">
          {isUnusable.value
            ? dialsNumbers
              ? calls.notAnAddressOrNumber
              : calls.notAnAddress
            : dialsNumbers
              ? calls.addressOrNumberHint
              : calls.addressHint}
        </p>
        {dialsNumbers && <WithholdNumber calls={model.calls} />}
        <div class="row">
          <button type="submit" class="primary" data-testid="call-audio" disabled={isEmpty}>
            <PhoneIcon />
            {calls.audioCall}
          </button>
          <button type="button" data-testid="call-video" disabled={isEmpty} onClick={() => call('video')}>
            <CameraIcon />
            {calls.videoCall}
          </button>
        </div>
      </form>
      {ownId !== undefined && (
        <section class="settings-section">
          <h3>{calls.yourLink}</h3>
          <CopyLinkField
            label={calls.yourLink}
            link={callUrl(model.linkOrigin, ownId)}
            testId="own-call-link"
            copyTestId="copy-call-link"
          />
          <p class="hint">{calls.yourLinkHint}</p>
        </section>
      )}
      <CloseButton label={common.cancel} />
    </Dialog>
  );
}
