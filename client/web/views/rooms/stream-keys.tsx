import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { StreamDirection, StreamKey } from '../../../sdk/index.ts';
import type { Call } from '../../model/index.ts';
import { Streaming } from '../../model/on-demand/index.ts';
import { language, lateStrings, strings } from '../../strings/index.ts';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { Problem } from '../parts/problem.tsx';

const DIRECTIONS: readonly StreamDirection[] = ['publish', 'watch'];

/** Keys for programs that send into the room or watch it. */
export function StreamKeySection({ call }: { call: Call }) {
  const { streams } = lateStrings();
  const streaming = useMemo(() => new Streaming(call), [call]);
  useEffect(() => void streaming.load(), [streaming]);
  const made = streaming.made.value;
  return (
    <div class="stream-keys">
      <p>{streams.what}</p>
      <ul>
        {streaming.keys.value.map((each) => (
          <KeyRow key={each.keyId} streaming={streaming} each={each} />
        ))}
      </ul>
      {made && (
        <div role="status" data-testid="stream-key-made">
          <CopyLinkField
            link={made.url}
            label={streams.address}
            testId="stream-address"
            copyTestId="copy-stream-address"
            copyLabel={streams.copyAddress}
          />
          <CopyLinkField
            link={made.secret}
            label={streams.key}
            testId="stream-key"
            copyTestId="copy-stream-key"
            copyLabel={streams.copyKey}
          />
          <p class="hint">{streams.shownOnce}</p>
        </div>
      )}
      <NewKey streaming={streaming} />
      <Problem error={streaming.problem.value} />
    </div>
  );
}

function KeyRow({ streaming, each }: { streaming: Streaming; each: StreamKey }) {
  const { invite } = strings.value;
  const { streams } = lateStrings();
  const { keyId, name, direction, expiresAtMs, active } = each;
  const date = new Date(expiresAtMs).toLocaleDateString(language.value, { dateStyle: 'medium' });
  return (
    <li data-testid="stream-key-row">
      <span>
        <strong dir="auto">{name}</strong> {streams.directions[direction]} {invite.validUntil(date)}{' '}
        {active > 0 && streams.active}
      </span>
      <button
        type="button"
        class="small"
        data-testid="revoke-stream-key"
        disabled={streaming.busy.value}
        aria-label={streams.revokeKey(name)}
        onClick={() => void streaming.revoke(keyId)}
      >
        {streams.revoke}
      </button>
    </li>
  );
}

function NewKey({ streaming }: { streaming: Streaming }) {
  const { streams } = lateStrings();
  const direction = useSignal<StreamDirection>('publish');
  const name = useSignal('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void streaming.create(direction.value, name.value.trim() || streams.names[direction.value]);
        name.value = '';
      }}
    >
      <div class="pair">
        <label class="field">
          {streams.purpose}
          <select
            data-testid="stream-direction"
            value={direction.value}
            onChange={({ currentTarget }) => (direction.value = currentTarget.value as StreamDirection)}
          >
            {DIRECTIONS.map((each) => (
              <option key={each} value={each}>
                {streams.directions[each]}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          {streams.name}
          <input
            data-testid="stream-name"
            maxLength={64}
            placeholder={streams.names[direction.value]}
            value={name.value}
            onInput={({ currentTarget }) => (name.value = currentTarget.value)}
          />
        </label>
      </div>
      <button type="submit" data-testid="create-stream-key" disabled={streaming.busy.value}>
        {streams.create}
      </button>
    </form>
  );
}
