import { useEffect } from 'preact/hooks';
import type { Ban } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { language, strings } from '../../strings/index.ts';

/** People who cannot come back yet: removed for five minutes, or banned until someone lifts the ban. */
export function RemovedPeople({ call }: { call: Call }) {
  const { people } = strings.value;
  const bans = call.moderation.bans.value ?? [];
  const banned = new Set(bans.map(({ accountId }) => accountId));
  const removed = call.removals.list.value.filter(({ accountId }) => !banned.has(accountId));
  useEffect(() => {
    void call.moderation.loadBans();
  }, [call]);
  if (bans.length + removed.length === 0) {
    return null;
  }
  return (
    <section data-testid="removed-and-banned">
      <h3>{people.removedAndBanned}</h3>
      <ul class="people-list">
        {removed.map(({ accountId, displayName }) => (
          <li key={accountId} class="person" data-testid="removed-person">
            <div class="person-name">
              <span dir="auto">{displayName}</span>
              <span class="person-badges">{people.removed}</span>
            </div>
            <button
              type="button"
              class="small"
              data-testid="people-readmit"
              onClick={() => void call.readmit(accountId)}
            >
              {people.readmit}
            </button>
          </li>
        ))}
        {bans.map((ban) => (
          <li key={ban.accountId} class="person" data-testid="banned-person">
            <div class="person-name">
              <span dir="auto">{ban.displayName || people.deletedAccount}</span>
              <span class="person-badges" dir="auto">
                {bannedText(ban)}
              </span>
            </div>
            <button
              type="button"
              class="small"
              data-testid="lift-ban"
              aria-label={people.liftName(ban.displayName)}
              onClick={() => void call.moderation.liftBan(ban.accountId)}
            >
              {people.lift}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function bannedText({ bannedBy, bannedAtMs }: Ban): string {
  const { people } = strings.value;
  const when = new Date(bannedAtMs).toLocaleString(language.value, {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  return bannedBy ? people.bannedBy(bannedBy.displayName, when) : people.bannedAt(when);
}
