import { useEffect, useRef } from 'preact/hooks';
import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { Problem } from '../parts/problem.tsx';
import { ago } from '../parts/times.ts';
import { SignOnButton } from './sign-on-button.tsx';

/** Where people arrive from the sign-on provider: they are enrolled at once, or have to choose, or learn what failed. */
export function SignedOn({ model }: { model: AppModel }) {
  const { signOn } = model;
  const words = strings.value.signOn;
  const stage = signOn.stage.value;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (stage !== 'working') {
      heading.current?.focus();
    }
  }, [stage]);
  if (stage === 'working') {
    return (
      <main class="center" aria-busy="true">
        <p role="status">{words.working}</p>
      </main>
    );
  }
  const offer = signOn.offer.value;
  return (
    <main class="center">
      <section class="card" data-testid="signed-on" data-stage={stage}>
        <h1 ref={heading} tabIndex={-1}>
          {stage === 'known' ? words.knownHeading : words.failed}
        </h1>
        {stage === 'known' ? (
          <Known model={model} />
        ) : (
          <>
            <Problem error={signOn.problem.value} />
            <div class="row">
              <SignOnButton
                model={model}
                primary
                label={words.tryAgain(offer?.label ?? '')}
                to={signOn.destination}
              />
              <a class="button" href={signOn.destination} data-testid="back">
                {words.back}
              </a>
            </div>
          </>
        )}
      </section>
    </main>
  );
}

/** The person has an account on another device: they link this browser from there, or start over. */
function Known({ model: { signOn } }: { model: AppModel }) {
  const words = strings.value.signOn;
  const known = signOn.known.value;
  const name = known?.displayName ?? '';
  const used = known?.lastSeenAtMs ?? null;
  return (
    <>
      <p dir="auto">{used === null ? words.knownUnused(name) : words.known(name, ago(used))}</p>
      <h2>{words.linkHeading}</h2>
      <p>{words.linkAdvice}</p>
      <a class="button primary" href="#/link" data-testid="link-instead">
        {strings.value.account.useCode}
      </a>
      <h2>{words.startOverHeading}</h2>
      <p>{words.startOverAdvice}</p>
      <Problem error={signOn.problem.value} />
      <div class="row">
        <button
          type="button"
          data-testid="start-over"
          disabled={signOn.busy.value}
          onClick={() => void signOn.finish(true)}
        >
          {words.startOver}
        </button>
        <a class="button" href={signOn.destination} data-testid="back">
          {words.back}
        </a>
      </div>
    </>
  );
}
