import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { KeptRecording, KeptRecordings } from '../../../sdk/index.ts';
import { fileSize, type Notices, saveUrl } from '../../model/index.ts';
import { language, lateStrings, strings } from '../../strings/index.ts';
import { FormDialog } from '../parts/form-dialog.tsx';
import { DownloadIcon, InviteIcon, MoreIcon, PlayIcon, TrashIcon } from '../parts/icons.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { duration } from '../parts/times.ts';
import { Compositions } from './compositions.tsx';

const ShareDialog = lazyView(async () => (await import('./share-dialog.tsx')).ShareDialog);
const ComposeDialog = lazyView(async () => (await import('./compose-dialog.tsx')).ComposeDialog);
const Player = lazyView(async () => (await import('./player.tsx')).Player);

interface CardProps {
  source: KeptRecordings;
  recording: KeptRecording;
  /** What its room is called; absent: the card is shown in that room. */
  room?: string;
  notices: Notices;
  /** Whether this person may have videos made. */
  mayCompose: boolean;
  /** It was deleted, or something is made of it, or no longer. */
  onChanged(): void;
}

/** A recording: when, who, how long, and what can be done with it. */
export function RecordingCard({ source, recording, room, notices, mayCompose, onChanged }: CardProps) {
  const { listed } = strings.value;
  const { recordings: words } = lateStrings();
  const { recordingId, status, startedAtMs, durationMs, bytes, people, isComplete, canManage, canShare } =
    recording;
  const titleId = useId();
  const deleting = useSignal(false);
  const playing = useSignal(false);
  const sharing = useSignal(false);
  const composing = useSignal(false);
  const hasEnded = status === 'ended';
  const date = new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' }).format(
    startedAtMs,
  );
  const download = () =>
    notices.attempt(async () => saveUrl((await source.open(recordingId)).zipUrl, 'recording.zip'));
  return (
    <article class="recording" data-testid="recording-card" data-status={status} aria-labelledby={titleId}>
      <header class="recording-header">
        <h3 id={titleId} dir={room === undefined ? undefined : 'auto'}>
          {room ?? date}
        </h3>
        {hasEnded && (
          <MenuButton
            label={words.actions}
            testId="recording-actions"
            icon={<MoreIcon />}
            buttonClass="icon-button"
          >
            <MenuItem testId="recording-download" icon={<DownloadIcon />} onSelect={() => void download()}>
              {words.download}
            </MenuItem>
            {mayCompose && people.length > 0 && (
              <MenuItem
                testId="recording-compose"
                icon={<PlayIcon />}
                onSelect={() => (composing.value = true)}
              >
                {words.makeVideo}
              </MenuItem>
            )}
            {canShare && (
              <MenuItem
                testId="recording-share"
                icon={<InviteIcon />}
                onSelect={() => (sharing.value = true)}
              >
                {words.share}
              </MenuItem>
            )}
            {canManage && (
              <MenuItem
                testId="recording-delete"
                icon={<TrashIcon />}
                danger
                onSelect={() => (deleting.value = true)}
              >
                {words.delete}
              </MenuItem>
            )}
          </MenuButton>
        )}
      </header>
      {people.length > 0 && <p dir="auto">{listed(people)}</p>}
      <p class="recording-facts">
        {room !== undefined && <time dateTime={new Date(startedAtMs).toISOString()}>{date}</time>}
        {hasEnded ? (
          <>
            <span data-testid="recording-length">{duration(durationMs)}</span>
            <span>{fileSize(bytes)}</span>
            {!isComplete && <span class="problem">{words.incomplete}</span>}
          </>
        ) : (
          <span>{status === 'ending' ? words.ending : words.running}</span>
        )}
      </p>
      {hasEnded && people.length > 0 && (
        <button
          type="button"
          class="small"
          data-testid="recording-play"
          onClick={() => (playing.value = true)}
        >
          <PlayIcon />
          {words.play}
        </button>
      )}
      {recording.compositions.length > 0 && (
        <Compositions
          source={source}
          recordingId={recordingId}
          compositions={recording.compositions}
          mayChange={mayCompose}
          notices={notices}
          onChanged={onChanged}
        />
      )}
      {composing.value && (
        <ComposeDialog
          source={source}
          recordingId={recordingId}
          onClose={() => {
            composing.value = false;
            onChanged();
          }}
        />
      )}
      {playing.value && (
        <Player source={source} recording={recording} title={date} onClose={() => (playing.value = false)} />
      )}
      {sharing.value && (
        <ShareDialog
          source={source}
          recordingId={recordingId}
          title={date}
          onClose={() => (sharing.value = false)}
        />
      )}
      {deleting.value && (
        <FormDialog
          title={words.confirmDelete}
          submit={{ label: words.delete, testId: 'recording-delete-now', danger: true }}
          ready
          act={async () => {
            await source.delete(recordingId);
            onChanged();
          }}
          onClose={() => (deleting.value = false)}
        >
          <p>{words.deleteHint(date)}</p>
        </FormDialog>
      )}
    </article>
  );
}
