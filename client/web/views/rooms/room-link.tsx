import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { LobbyMode, RoomLink } from '../../../sdk/index.ts';
import { type Call, Inviting } from '../../model/index.ts';
import { language, strings } from '../../strings/index.ts';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { Problem } from '../parts/problem.tsx';
import { LobbySelect } from './lobby-select.tsx';

const DAY_SECONDS = 86_400;
const PERIODS = { day: DAY_SECONDS, week: 7 * DAY_SECONDS, month: 28 * DAY_SECONDS, year: 365 * DAY_SECONDS };
type Period = keyof typeof PERIODS;

/** The room's link for everyone: copies it, says who gets in by it, and replaces or withdraws it. */
export function RoomLinkSection({ call }: { call: Call }) {
  const { invite } = strings.value;
  const inviting = useMemo(() => new Inviting(call), [call]);
  useEffect(() => void inviting.load(), [inviting]);
  const link = inviting.link.value;
  const done = inviting.done.value;
  return (
    <section class="room-link" aria-label={invite.roomLink}>
      {done !== 'withdrawn' && link?.url !== null && (
        <CopyLinkField
          link={link?.url ?? ''}
          label={invite.roomLink}
          testId="everyone-link"
          copyTestId="copy-everyone-link"
        />
      )}
      {link?.url === null && <p class="hint">{invite.unknownLink}</p>}
      <p role="status" data-testid="room-link-state">
        {done && <>{invite[done]} </>}
        {link && <About link={link} lobby={inviting.lobby.value} />}
      </p>
      {call.owns && (
        <LobbySelect
          value={inviting.lobby.value}
          disabled={inviting.busy.value}
          onChange={(mode) => void inviting.setLobby(mode)}
        />
      )}
      <Problem error={inviting.problem.value} />
      <Manage inviting={inviting} />
    </section>
  );
}

function About({ link, lobby }: { link: RoomLink; lobby: LobbyMode }) {
  const { invite } = strings.value;
  const date = new Date(link.expiresAtMs).toLocaleDateString(language.value, { dateStyle: 'medium' });
  return (
    <>
      {lobby === 'off' ? invite.comeIn : invite.askFirst} {invite.validUntil(date)}
      {(link.people > 0 || link.maxPeople !== null) && ` ${invite.guests(link.people, link.maxPeople)}`}
    </>
  );
}

function Manage({ inviting }: { inviting: Inviting }) {
  const { invite } = strings.value;
  const period = useSignal<Period>('month');
  const most = useSignal('');
  const link = inviting.link.value;
  const busy = inviting.busy.value;
  const limits = () => ({
    ttlSeconds: PERIODS[period.value],
    maxPeople: most.value === '' ? null : Number(most.value),
  });
  const create = () => {
    const { ttlSeconds, maxPeople } = limits();
    return inviting.create({ ttlSeconds, ...(maxPeople !== null && { maxPeople }) });
  };
  return (
    <details>
      <summary data-testid="manage-link">{invite.manage}</summary>
      <div class="pair">
        <label class="field">
          {invite.validFor}
          <select
            data-testid="link-period"
            value={period.value}
            onChange={({ currentTarget }) => (period.value = currentTarget.value as Period)}
          >
            {(Object.keys(PERIODS) as Period[]).map((each) => (
              <option key={each} value={each}>
                {invite.periods[each]}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          {invite.mostPeople}
          <input
            data-testid="link-most"
            type="number"
            min={1}
            max={10_000}
            placeholder={invite.noLimit}
            value={most.value}
            onInput={({ currentTarget }) => (most.value = currentTarget.value)}
          />
        </label>
      </div>
      {link ? (
        <>
          <div class="row">
            <button
              type="button"
              data-testid="renew-link"
              disabled={busy}
              onClick={() => void inviting.renew(limits())}
            >
              {invite.renew}
            </button>
            <button
              type="button"
              data-testid="withdraw-link"
              disabled={busy}
              onClick={() => void inviting.withdraw()}
            >
              {invite.withdraw}
            </button>
          </div>
          <p class="hint">{invite.renewHint}</p>
        </>
      ) : (
        <button type="button" data-testid="create-link" disabled={busy} onClick={() => void create()}>
          {invite.create}
        </button>
      )}
    </details>
  );
}
