import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { KeptRecordings, RecordingShare } from '../../../sdk/index.ts';
import { language, lateStrings, strings } from '../../strings/index.ts';
import { CopyLinkField } from '../parts/copy-link-field.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { Problem } from '../parts/problem.tsx';
import { useAct } from '../parts/use-act.ts';
import { KeepSelect } from '../rooms/keep-select.tsx';

/** How long a link is valid, in days. */
const DEFAULT_DAYS = 7;
const MAX_DAYS = 90;

/** Makes links to a recording for people without an account, lists and withdraws them. */
export function ShareDialog({
  source,
  recordingId,
  title,
  onClose,
}: {
  source: KeptRecordings;
  recordingId: string;
  title: string;
  onClose(): void;
}) {
  const { common, invite } = strings.value;
  const { recordings: words } = lateStrings();
  const shares = useSignal<readonly RecordingShare[]>([]);
  const days = useSignal<number>(DEFAULT_DAYS);
  const made = useSignal('');
  const { busy, problem, act } = useAct();
  const load = async () => {
    shares.value = await source.shares(recordingId);
  };
  useEffect(() => {
    void act(load);
  }, [recordingId]);
  const create = () =>
    act(async () => {
      made.value = (await source.share(recordingId, days.value)).url;
      await load();
    });
  const withdraw = (shareId: string) =>
    act(async () => {
      await source.unshare(recordingId, shareId);
      made.value = '';
      await load();
    });
  const date = (ms: number) => new Date(ms).toLocaleDateString(language.value, { dateStyle: 'medium' });
  return (
    <Dialog title={words.shareTitle} onClose={onClose}>
      <p>{words.shareHint(title)}</p>
      <KeepSelect
        label={words.shareFor}
        testId="share-days"
        days={days.value}
        isOffered={(each) => each <= MAX_DAYS}
        onChange={(chosen) => (days.value = chosen ?? DEFAULT_DAYS)}
      />
      <button
        type="button"
        class="primary"
        data-testid="share-create"
        disabled={busy.value}
        onClick={() => void create()}
      >
        {words.shareCreate}
      </button>
      {made.value !== '' && (
        <div role="status">
          <CopyLinkField
            label={words.shareLink}
            link={made.value}
            testId="share-link"
            copyTestId="copy-share-link"
          />
          <p class="hint">{words.shareOnce}</p>
        </div>
      )}
      {shares.value.length > 0 && (
        <ul class="recording-shares" aria-label={words.shareList}>
          {shares.value.map(({ shareId, createdBy, expiresAtMs }) => (
            <li key={shareId} data-testid="share-row">
              <span>
                <strong dir="auto">{createdBy}</strong> {invite.validUntil(date(expiresAtMs))}
              </span>
              <button
                type="button"
                class="small"
                data-testid="share-withdraw"
                disabled={busy.value}
                onClick={() => void withdraw(shareId)}
              >
                {words.shareWithdraw}
              </button>
            </li>
          ))}
        </ul>
      )}
      <Problem error={problem.value} />
      <CloseButton label={common.close} />
    </Dialog>
  );
}
