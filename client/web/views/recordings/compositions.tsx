import { CanopyError, type Composition, type KeptRecordings } from '../../../sdk/index.ts';
import { fileSize, type Notices, saveUrl } from '../../model/index.ts';
import { errorSentence, lateStrings, strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { DownloadIcon, TrashIcon } from '../parts/icons.tsx';

/** The videos and sounds that are or will be made of a recording. */
export function Compositions({
  source,
  recordingId,
  compositions,
  mayChange,
  notices,
  onChanged,
}: {
  source: KeptRecordings;
  recordingId: string;
  compositions: readonly Composition[];
  mayChange: boolean;
  notices: Notices;
  /** One was deleted or cancelled. */
  onChanged(): void;
}) {
  const { common } = strings.value;
  const { recordings: words } = lateStrings();
  const download = ({ compositionId, format }: Composition) =>
    notices.attempt(async () => {
      const opened = await source.open(recordingId);
      const made = opened.compositions.find((each) => each.compositionId === compositionId);
      if (made) {
        saveUrl(`${made.url}&download=1`, `recording.${format}`);
      }
    });
  return (
    <ul class="compositions" aria-label={words.videos}>
      {compositions.map((each) => {
        const { compositionId, status, percent, bytes, error } = each;
        const title = words.composition(each.format, each.layout);
        return (
          <li key={compositionId} data-testid="composition" data-status={status}>
            <span>{title}</span>
            {status === 'queued' && <span class="hint">{words.waiting}</span>}
            {status === 'running' && <progress aria-label={title} max={100} value={percent} />}
            {status === 'failed' && (
              <span class="problem">
                {errorSentence(CanopyError.fromBody({ code: error ?? 'COMPOSITION_FAILED', message: '' }))}
              </span>
            )}
            {status === 'done' && (
              <>
                <span class="hint">{fileSize(bytes)}</span>
                <IconButton
                  label={words.downloadThis(title)}
                  testId="composition-download"
                  onClick={() => void download(each)}
                >
                  <DownloadIcon />
                </IconButton>
              </>
            )}
            {mayChange && (
              <IconButton
                label={status === 'queued' || status === 'running' ? common.cancel : words.deleteThis(title)}
                testId="composition-delete"
                onClick={() =>
                  void notices.attempt(async () => {
                    await source.deleteComposition(recordingId, compositionId);
                    onChanged();
                  })
                }
              >
                <TrashIcon />
              </IconButton>
            )}
          </li>
        );
      })}
    </ul>
  );
}
