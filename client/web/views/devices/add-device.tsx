import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { AppModel } from '../../model/index.ts';
import { DeviceAdding } from '../../model/on-demand/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { QrCode } from '../parts/qr-code.tsx';
import { useAct } from '../parts/use-act.ts';
import { timeOf } from './device-names.ts';
import { canUnlock, UnlockFields, unlockingOf } from './unlock.tsx';

/** Adds a device: shows it a code, and asks for consent once it is used. Closing it cancels. */
export function AddDevice({ model, onClose }: { model: AppModel; onClose(): void }) {
  const adding = useMemo(() => new DeviceAdding(() => model.connected(), model.care), [model]);
  const { common } = strings.value;
  const { adding: words } = lateStrings();
  useEffect(() => {
    void adding.start();
    return () => adding.close();
  }, [adding]);
  const { asking, lost, offer, problem, stage } = adding;
  const isOver = stage.value === 'added' || stage.value === 'ended';
  return (
    <Dialog title={words.addHeading} onClose={onClose}>
      <div class="add-device" data-testid="add-device" data-stage={stage.value}>
        {stage.value === 'starting' && <p role="status">{words.makingCode}</p>}
        {stage.value === 'showing' && offer.value && (
          <>
            <p>{words.addHow}</p>
            <QrCode text={offer.value.url} label={words.qrCode} />
            <p>{words.addTyped(new URL(offer.value.url).host)}</p>
            <output class="link-code" data-testid="link-code">
              {offer.value.code}
            </output>
            <p class="hint">{words.validUntil(timeOf(offer.value.expiresAtMs))}</p>
          </>
        )}
        {stage.value === 'asked' && asking.value && (
          <Consent model={model} adding={adding} onClose={onClose} />
        )}
        {stage.value === 'finishing' && <p role="status">{words.finishing}</p>}
        {stage.value === 'added' && asking.value && (
          <p role="status" data-testid="device-added" dir="auto">
            {words.added(asking.value.name)}
          </p>
        )}
        {stage.value === 'ended' && (
          <>
            <Problem error={problem.value} />
            <button type="button" class="primary" data-testid="new-code" onClick={() => void adding.start()}>
              {words.newCode}
            </button>
          </>
        )}
        {lost.value && !isOver && (
          <p class="hint" role="status">
            {words.reconnecting}
          </p>
        )}
      </div>
      {stage.value !== 'asked' && (
        <CloseButton label={isOver ? common.done : common.cancel} testId="add-device-close" />
      )}
    </Dialog>
  );
}

/** Shows which device asks, and lets the user agree or not. */
function Consent({ model, adding, onClose }: { model: AppModel; adding: DeviceAdding; onClose(): void }) {
  const { adding: words } = lateStrings();
  const key = model.care.key.value;
  const handOver = useSignal(false);
  const password = useSignal('');
  const { busy, problem, act } = useAct();
  const device = adding.asking.value;
  const approve = (event: Event) => {
    event.preventDefault();
    void act(async () => {
      const unlocking = await unlockingOf(key, password.value);
      await adding.approve({ handOver: handOver.value, unlocking });
    });
  };
  return (
    <form onSubmit={approve} data-testid="consent">
      <div role="status">
        <p>{words.asks}:</p>
        <p class="asking-device" dir="auto">
          <strong data-testid="asking-name">{device?.name}</strong>
          <span data-testid="asking-client">{device?.client}</span>
        </p>
      </div>
      <p class="warning">{words.asksWarning}</p>
      {key?.canExport ? (
        <div>
          <CheckField
            testId="hand-over"
            label={words.handOver}
            checked={handOver.value}
            describedBy="hand-over-hint"
            onChange={(on) => (handOver.value = on)}
          />
          <p class="hint" id="hand-over-hint">
            {words.handOverHint}
          </p>
        </div>
      ) : (
        <p class="hint">{words.handOverNotPossible}</p>
      )}
      <UnlockFields accountKey={key} password={password} />
      <Problem error={problem.value} />
      <div class="row">
        <button
          type="submit"
          class="primary"
          data-testid="approve"
          disabled={busy.value || !canUnlock(key, password.value)}
        >
          {words.approve}
        </button>
        <button type="button" data-testid="deny" onClick={onClose}>
          {words.deny}
        </button>
      </div>
    </form>
  );
}
