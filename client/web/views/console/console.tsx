import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { type AppModel, CONSOLE_SECTIONS, type ConsoleSection, consoleFragment } from '../../model/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { PreviousIcon } from '../parts/icons.tsx';
import { Problem } from '../parts/problem.tsx';
import { useHeadingFocus } from '../parts/use-heading-focus.ts';
import { Accounts } from './accounts.tsx';
import { Audit } from './audit.tsx';
import { Calls } from './calls.tsx';
import { Invitations } from './invitations.tsx';
import { Overview } from './overview.tsx';
import { Phones } from './phones.tsx';
import { Recordings } from './recordings.tsx';
import { Rooms } from './rooms.tsx';
import '../../styles/console.css';

const SECTIONS: Record<ConsoleSection, ComponentType<{ model: AppModel }>> = {
  overview: Overview,
  rooms: Rooms,
  calls: Calls,
  recordings: Recordings,
  phones: Phones,
  accounts: Accounts,
  invitations: Invitations,
  audit: Audit,
};

/** The console of administrators: what runs on the server, and what to do about it. */
export function Console({ model, section }: { model: AppModel; section: ConsoleSection }) {
  const words = lateStrings().console;
  const { client, problem } = model;
  const role = client.value?.account.role;
  const heading = useHeadingFocus();
  useEffect(() => {
    // The links of the sections stay where they are, so say where they lead.
    if (document.activeElement?.closest('.console-sections')) {
      heading.current?.focus({ preventScroll: true });
    }
  }, [section]);
  const Section = SECTIONS[section];
  return (
    <main class="console" data-testid="console" aria-busy={role === undefined && !problem.value}>
      <header class="console-header">
        <a class="home-link" href="#/" data-testid="home-link">
          <PreviousIcon />
          {strings.value.home.backHome}
        </a>
        <p class="console-title">{words.title}</p>
      </header>
      {role !== undefined && role !== 'admin' && (
        <p class="problem" role="alert" data-testid="not-admin">
          {words.forAdmins}
        </p>
      )}
      <Problem error={problem.value} />
      {role === 'admin' && (
        <>
          <nav class="console-sections" aria-label={words.title}>
            {CONSOLE_SECTIONS.map((name) => (
              <a
                key={name}
                href={consoleFragment(name)}
                data-testid={`section-${name}`}
                aria-current={name === section ? 'page' : undefined}
              >
                {words.sections[name]}
              </a>
            ))}
          </nav>
          <h1 ref={heading} tabIndex={-1} data-testid="section-heading">
            {words.sections[section]}
          </h1>
          <Section key={section} model={model} />
        </>
      )}
    </main>
  );
}
