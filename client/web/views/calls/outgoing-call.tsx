import { useEffect, useId, useRef } from 'preact/hooks';
import type { AppModel, Outgoing } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { LeaveIcon, PhoneIcon } from '../parts/icons.tsx';
import { Problem } from '../parts/problem.tsx';
import { Initials } from './initials.tsx';
import '../../styles/calls.css';

/** The screen of a call that the user has placed, until it is answered or its end is dismissed. */
export function OutgoingCall({ model, outgoing }: { model: AppModel; outgoing: Outgoing }) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const { calls } = strings.value;
  const { call, error } = outgoing;
  const name = outgoing.name ?? strings.value.common.someone;
  const isOver = error !== undefined || call?.state === 'ended';
  const rings = call?.state === 'ringing';
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog
      ref={element}
      class="card calling"
      aria-labelledby={titleId}
      data-testid="outgoing-call"
      data-state={call?.state ?? (error ? 'failed' : 'starting')}
      // Browsers close a dialog by a second Escape.
      onClose={() => element.current?.showModal()}
      onCancel={(event) => {
        // Escape closes what is over, and must not hang up by accident.
        event.preventDefault();
        if (isOver) {
          void model.calls.cancel();
        }
      }}
    >
      <Initials name={name} rings={rings} />
      <h2 id={titleId}>
        <span class="calling-name" dir="auto">
          {name}
        </span>
      </h2>
      <p class="calling-state" role="status" data-testid="call-state">
        {stateOf(outgoing, name)}
      </p>
      <Problem error={error} />
      <div class="calling-actions">
        {isOver ? (
          <>
            {error?.code !== 'PERSON_UNKNOWN' && error?.code !== 'CALL_BARRED' && (
              <button
                type="button"
                class="primary"
                data-testid="call-again"
                onClick={() => void model.calls.callAgain()}
              >
                <PhoneIcon />
                {calls.callAgain}
              </button>
            )}
            <button type="button" data-testid="close-call" onClick={() => void model.calls.cancel()}>
              {calls.close}
            </button>
          </>
        ) : (
          <button
            type="button"
            class="primary danger"
            data-testid="cancel-call"
            onClick={() => void model.calls.cancel()}
          >
            <LeaveIcon />
            {calls.cancel}
          </button>
        )}
      </div>
    </dialog>
  );
}

/** What happens to the call, in words. */
function stateOf({ call, error }: Outgoing, name: string): string {
  const { calls } = strings.value;
  if (error) {
    return '';
  }
  switch (call?.state) {
    case undefined:
      return calls.starting;
    case 'calling':
      return calls.calling;
    case 'ringing':
      return calls.ringing;
    case 'answered':
      return calls.entering;
    case 'ended': {
      const text = calls.outcome[call.outcome ?? 'completed'];
      return typeof text === 'string' ? text : text(name);
    }
  }
}
