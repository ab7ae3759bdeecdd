import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ChatFile, ChatMessage } from '../../../sdk/index.ts';
import { type ChatModel, fileSize } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { DownloadIcon, FileIcon } from '../parts/icons.tsx';
import { lazyView } from '../parts/lazy-view.tsx';

const FileViewer = lazyView(async () => (await import('./file-viewer.tsx')).FileViewer);

/** Largest width and height of a picture in a message, in CSS pixels. */
const MAX_WIDTH = 240;
const MAX_HEIGHT = 200;

/** The files of a message: pictures that open in a viewer, and others to save. */
export function MessageFiles({ message, model }: { message: ChatMessage; model: ChatModel }) {
  const viewed = useSignal<string | undefined>(undefined);
  const { files = [], seq } = message;
  if (files.length === 0) {
    return null;
  }
  return (
    <div class="message-files">
      {files.map((file) =>
        file.hasThumbnail && !file.gone ? (
          <Picture
            key={file.fileId}
            file={file}
            seq={seq}
            model={model}
            onOpen={() => (viewed.value = file.fileId)}
          />
        ) : (
          <FileCard key={file.fileId} file={file} seq={seq} model={model} />
        ),
      )}
      {viewed.value !== undefined && (
        <FileViewer
          model={model}
          first={{ seq, fileId: viewed.value }}
          onClose={() => {
            viewed.value = undefined;
          }}
        />
      )}
    </div>
  );
}

interface FileProps {
  file: ChatFile;
  seq: number;
  model: ChatModel;
}

function Picture({ file, seq, model, onOpen }: FileProps & { onOpen(): void }) {
  const { files } = strings.value;
  const thumbnail = useSignal<string | undefined>(undefined);
  useEffect(() => {
    model.chat.thumbnail(seq, file.fileId).then(
      (url) => {
        thumbnail.value = url;
      },
      // Its frame and name stay, and it opens all the same.
      () => {},
    );
  }, [file.fileId]);
  // Its place is kept, so that nothing moves when it appears.
  const { width = MAX_WIDTH, height = MAX_HEIGHT } = file;
  const scale = Math.min(1, MAX_WIDTH / width, MAX_HEIGHT / height);
  const style = {
    width: `${Math.max(48, Math.round(width * scale))}px`,
    height: `${Math.max(48, Math.round(height * scale))}px`,
  };
  return (
    <button
      type="button"
      class="message-picture"
      data-testid="message-picture"
      aria-label={files.view(file.name)}
      title={file.name}
      style={style}
      onClick={onOpen}
    >
      {thumbnail.value !== undefined && <img src={thumbnail.value} alt={files.picture} />}
    </button>
  );
}

function FileCard({ file, seq, model }: FileProps) {
  const { files } = strings.value;
  const { name, size, gone } = file;
  return (
    <div class={gone ? 'message-file gone' : 'message-file'} data-testid="message-file">
      <FileIcon />
      <div>
        <p class="file-name" dir="auto">
          {name}
        </p>
        <p class="file-state">{gone ? files.gone : fileSize(size)}</p>
      </div>
      {!gone && (
        <button
          type="button"
          class="icon-button"
          data-testid="file-download"
          aria-label={files.download(name)}
          title={files.download(name)}
          onClick={() => void model.saveFile(seq, file)}
        >
          <DownloadIcon />
        </button>
      )}
    </div>
  );
}
