import { useSignal } from '@preact/signals';
import { displayable, type Invitation as InvitationLink } from '../../sdk/index.ts';
import type { AppModel } from '../model/index.ts';
import { Problem } from './problem.tsx';

interface Props {
  model: AppModel;
  invitation: InvitationLink;
}

/** An opened invitation: asks for a name, or offers to add its rights to the identity that this browser already has. */
export function Invitation({ model, invitation }: Props) {
  const asNewUser = useSignal(false);
  const identity = model.identity.value;
  return (
    <main class="center">
      <section class="card">
        <h1>You are invited</h1>
        {identity && !identity.expired && !asNewUser.value ? (
          <Redeem model={model} invitation={invitation} onNewUser={() => (asNewUser.value = true)} />
        ) : (
          <Enrol model={model} invitation={invitation} />
        )}
        <Problem error={model.problem.value} />
      </section>
    </main>
  );
}

/** Shown for a damaged link. */
export function DamagedInvitation() {
  return (
    <main class="center">
      <section class="card" data-testid="damaged-invitation">
        <h1>This invitation link is damaged</h1>
        <p>
          Part of it is missing. Copy the whole link and open it again, or ask the sender for a new one. The
          invitation has not been used.
        </p>
      </section>
    </main>
  );
}

function Enrol({ model, invitation }: Props) {
  const name = useSignal('');
  const submit = (event: Event) => {
    event.preventDefault();
    void model.enrol(invitation, displayable(name.value));
  };
  return (
    <form onSubmit={submit}>
      <p>
        Choose the name that others will see. This device then gets its own certificate, so there is no
        password to remember.
      </p>
      <label class="field">
        Your name
        <input
          data-testid="name"
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
          required
          maxLength={64}
          autocomplete="name"
          autofocus
        />
      </label>
      <button
        type="submit"
        class="primary"
        data-testid="enrol"
        disabled={model.busy.value || !name.value.trim()}
      >
        {model.busy.value ? 'Just a moment…' : 'Continue'}
      </button>
    </form>
  );
}

function Redeem({ model, invitation, onNewUser }: Props & { onNewUser: () => void }) {
  const name = model.identity.value?.displayName;
  return (
    <>
      <p>
        This device already belongs to <strong>{name}</strong>.
      </p>
      <div class="row">
        <button
          type="button"
          class="primary"
          data-testid="redeem"
          disabled={model.busy.value}
          onClick={() => void model.redeem(invitation)}
        >
          Continue as {name}
        </button>
        <button type="button" onClick={onNewUser} data-testid="enrol-again">
          I am someone else
        </button>
      </div>
    </>
  );
}
