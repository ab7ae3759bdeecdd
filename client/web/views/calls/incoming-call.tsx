import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Contact, DirectCall } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CameraIcon, LeaveIcon, PhoneIcon, ShieldIcon } from '../parts/icons.tsx';
import { Initials } from './initials.tsx';
import '../../styles/calls.css';

/** A call that rings here: a dialog, or a banner while the user is in a call or meeting. */
export function IncomingCall({ model, call }: { model: AppModel; call: DirectCall }) {
  return model.screen.value.name === 'room' ? (
    <Banner model={model} call={call} />
  ) : (
    <IncomingDialog model={model} call={call} />
  );
}

function IncomingDialog({ model, call }: { model: AppModel; call: DirectCall }) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const { calls } = strings.value;
  const isVideo = call.media === 'video';
  /** A phone shows no video. */
  const isPhone = call.person.accountId === undefined;
  useEffect(() => element.current?.showModal(), []);
  const answer = (video: boolean) => void model.calls.answer(call, { video });
  return (
    <dialog
      ref={element}
      class="card calling"
      // Neither button has the focus: somebody may be typing when it rings.
      autofocus
      tabIndex={-1}
      aria-labelledby={titleId}
      data-testid="incoming-call"
      // Browsers close a dialog by a second Escape.
      onClose={() => element.current?.showModal()}
      onCancel={(event) => {
        // Escape must not decline by accident.
        event.preventDefault();
        model.calls.silence(call);
      }}
    >
      <Initials name={call.person.displayName} rings />
      <h2 id={titleId}>
        <span class="calling-name" dir="auto">
          {call.person.displayName}
        </span>
        <span class="calling-state">{isVideo ? calls.incomingVideo : calls.incoming}</span>
        {call.forwardedBy !== undefined && (
          <span class="calling-state" dir="auto">
            {strings.value.forwarding.by(call.forwardedBy)}
          </span>
        )}
      </h2>
      {call.person.accountId === undefined ? (
        <p class="standing hint" dir="auto">
          {call.person.number ? calls.fromNumber(call.person.number) : calls.numberWithheld}
        </p>
      ) : (
        <Standing model={model} accountId={call.person.accountId} />
      )}
      <div class="calling-actions">
        {!isPhone && (
          <button type="button" class="primary" data-testid="answer-video" onClick={() => answer(true)}>
            <CameraIcon />
            {calls.answerVideo}
          </button>
        )}
        <button
          type="button"
          class={isVideo ? '' : 'primary'}
          data-testid="answer-audio"
          onClick={() => answer(false)}
        >
          <PhoneIcon />
          {isPhone ? calls.answer : calls.answerAudio}
        </button>
        <button
          type="button"
          class="primary danger"
          data-testid="decline"
          onClick={() => void model.calls.decline(call)}
        >
          <LeaveIcon />
          {calls.decline}
        </button>
      </div>
      {model.calls.silenced.value !== call.callId && (
        <button type="button" class="quiet" data-testid="silence" onClick={() => model.calls.silence(call)}>
          {calls.silence}
        </button>
      )}
    </dialog>
  );
}

/** What this server and the user's contacts say about the person. */
function Standing({ model, accountId }: { model: AppModel; accountId: string }) {
  const contact = useSignal<Contact | undefined>(undefined);
  useEffect(() => {
    model
      .connected()
      .then(async (client) => {
        contact.value = await client.contacts.byAccount(accountId);
      })
      // Without contacts, the certificate's name stands alone.
      .catch(() => {});
  }, [accountId]);
  const { calls } = strings.value;
  const known = contact.value;
  const isCompared = known?.accounts.some((each) => each.accountId === accountId && each.verifiedAtMs);
  return (
    <div class="standing">
      <p class="verified">
        <ShieldIcon />
        {isCompared ? calls.compared : calls.certified}
      </p>
      {/* Keeps its place, so that no button moves. */}
      <p class="hint" dir="auto">
        {known ? calls.knownAs(known.name) : '\u00a0'}
      </p>
    </div>
  );
}

function Banner({ model, call }: { model: AppModel; call: DirectCall }) {
  const { calls } = strings.value;
  const isVideo = call.media === 'video';
  return (
    <section class="calling-banner" aria-label={calls.incoming} data-testid="incoming-banner">
      <p role="status" dir="auto">
        {calls.isCalling(call.person.displayName)}
      </p>
      <div class="row">
        <button
          type="button"
          class="primary small"
          data-testid="leave-and-answer"
          onClick={() => void model.calls.answer(call, { video: isVideo })}
        >
          {calls.answerLeaving}
        </button>
        <button
          type="button"
          class="small"
          data-testid="decline"
          onClick={() => void model.calls.decline(call)}
        >
          {calls.decline}
        </button>
      </div>
    </section>
  );
}
