import { useSignal } from '@preact/signals';
import { displayable, type Invitation as InvitationLink } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Brand } from '../parts/brand.tsx';
import { Problem } from '../parts/problem.tsx';

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
        <Brand />
        <h1>{strings.value.welcome.invited}</h1>
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
        <Brand />
        <h1>{strings.value.welcome.damaged}</h1>
        <p>{strings.value.welcome.damagedAdvice}</p>
      </section>
    </main>
  );
}

function Enrol({ model, invitation }: Props) {
  const { welcome } = strings.value;
  const typed = useSignal<string | undefined>(undefined);
  const name = typed.value ?? model.suggestedName.value;
  const submit = (event: Event) => {
    event.preventDefault();
    void model.enrol(invitation, displayable(name));
  };
  return (
    <form onSubmit={submit}>
      <p>{welcome.chooseName}</p>
      <label class="field">
        {welcome.yourName}
        <input
          data-testid="name"
          value={name}
          onInput={(event) => (typed.value = event.currentTarget.value)}
          required
          maxLength={64}
          autocomplete="name"
          autofocus
        />
      </label>
      <button type="submit" class="primary" data-testid="enrol" disabled={model.busy.value || !name.trim()}>
        {model.busy.value ? welcome.busy : welcome.continue}
      </button>
    </form>
  );
}

function Redeem({ model, invitation, onNewUser }: Props & { onNewUser: () => void }) {
  const { welcome } = strings.value;
  const name = model.identity.value?.displayName ?? '';
  return (
    <>
      <p>
        {welcome.belongsTo} <strong dir="auto">{name}</strong>.
      </p>
      <div class="row">
        <button
          type="button"
          class="primary"
          data-testid="redeem"
          disabled={model.busy.value}
          onClick={() => void model.redeem(invitation)}
        >
          {welcome.continueAs(name)}
        </button>
        <button type="button" onClick={onNewUser} data-testid="enrol-again">
          {welcome.someoneElse}
        </button>
      </div>
    </>
  );
}
