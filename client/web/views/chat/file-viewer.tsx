import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ChatModel, fileSize } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CloseIcon, DownloadIcon, NextIcon, PreviousIcon } from '../parts/icons.tsx';
import '../../styles/file-viewer.css';
import '../../styles/full-dialog.css';

/** Shows the pictures of the chat, one at a time. Arrow keys go on to the next, Escape closes it. */
export function FileViewer({
  model,
  first,
  onClose,
}: {
  model: ChatModel;
  /** The picture to begin with. In encrypted rooms, members can give files of theirs the ids of others. */
  first: { seq: number; fileId: string };
  onClose(): void;
}) {
  const { files } = strings.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = useSignal(first);
  const url = useSignal<string | undefined>(undefined);
  const state = useSignal<'loading' | 'shown' | 'broken'>('loading');
  const pictures = model.messages.value.flatMap(({ seq, author, files: each = [] }) =>
    each.filter(({ hasThumbnail, gone }) => hasThumbnail && !gone).map((file) => ({ seq, author, file })),
  );
  const at = pictures.findIndex(
    ({ seq, file }) => seq === shown.value.seq && file.fileId === shown.value.fileId,
  );
  const current = pictures[at];

  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  useEffect(() => {
    // Its message was deleted.
    if (!current) {
      dialog.current?.close();
      return;
    }
    state.value = 'loading';
    url.value = undefined;
    const { value } = shown;
    model.chat.openFile(value.seq, value.fileId).then(
      (opened) => {
        if (shown.value === value) {
          url.value = opened;
        }
      },
      () => {
        state.value = 'broken';
      },
    );
  }, [current?.seq, current?.file.fileId]);

  const go = (step: number) => {
    const next = pictures[at + step];
    if (next) {
      shown.value = { seq: next.seq, fileId: next.file.fileId };
    }
  };
  const pressed = (event: KeyboardEvent) => {
    const isRtl = dialog.current?.matches(':dir(rtl)') ?? false;
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      event.preventDefault();
      go((event.key === 'ArrowRight') === isRtl ? -1 : 1);
    }
    // Nothing behind it reacts, such as the shortcuts of the call.
    event.stopPropagation();
  };
  if (!current) {
    return null;
  }
  const { file, seq, author } = current;
  return (
    <dialog
      ref={dialog}
      class="full-dialog file-viewer"
      aria-label={file.name}
      data-testid="file-viewer"
      onClose={onClose}
      onKeyDown={pressed}
    >
      <header>
        <p>
          <span class="file-name" dir="auto">
            {file.name}
          </span>
          <span class="file-state">
            {author && <span dir="auto">{author.displayName} · </span>}
            {fileSize(file.size)}
            {pictures.length > 1 && ` · ${files.position(at + 1, pictures.length)}`}
          </span>
        </p>
        <button
          type="button"
          class="icon-button"
          data-testid="viewer-download"
          aria-label={files.download(file.name)}
          title={files.download(file.name)}
          onClick={() => void model.saveFile(seq, file)}
        >
          <DownloadIcon />
        </button>
        <button
          type="button"
          class="icon-button"
          data-testid="viewer-close"
          aria-label={files.close}
          title={files.close}
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </header>
      <div class="viewer-picture" aria-busy={state.value === 'loading'}>
        {url.value !== undefined && state.value !== 'broken' && (
          <img
            key={`${seq} ${file.fileId}`}
            src={url.value}
            alt={file.name}
            data-testid="viewer-picture"
            onLoad={() => (state.value = 'shown')}
            onError={() => (state.value = 'broken')}
          />
        )}
        {state.value !== 'shown' && (
          <p role="status">{state.value === 'broken' ? files.broken : files.loading}</p>
        )}
      </div>
      {pictures.length > 1 && (
        <>
          <button
            type="button"
            class="viewer-step previous"
            aria-label={files.previous}
            title={files.previous}
            disabled={at === 0}
            onClick={() => go(-1)}
          >
            <PreviousIcon />
          </button>
          <button
            type="button"
            class="viewer-step next"
            aria-label={files.next}
            title={files.next}
            disabled={at === pictures.length - 1}
            onClick={() => go(1)}
          >
            <NextIcon />
          </button>
        </>
      )}
    </dialog>
  );
}
