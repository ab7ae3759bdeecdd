import { type Attachment, type ChatModel, fileSize } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CloseIcon, FileIcon, RetryIcon } from '../parts/icons.tsx';
import { UploadState } from './upload-state.tsx';

/** The files of the message that is being written, above the text. */
export function AttachmentList({ model }: { model: ChatModel }) {
  const { files } = strings.value;
  const list = model.attachments.list.value;
  if (list.length === 0) {
    return null;
  }
  return (
    <div class="attachments" data-testid="attachments">
      <ul aria-label={files.attached}>
        {list.map((attachment) => (
          <AttachmentItem key={attachment.upload.fileId} attachment={attachment} model={model} />
        ))}
      </ul>
      {list.some(({ preview }) => preview !== undefined) && <p class="hint">{files.originals}</p>}
    </div>
  );
}

function AttachmentItem({ attachment, model }: { attachment: Attachment; model: ChatModel }) {
  const { files } = strings.value;
  const { upload, preview } = attachment;
  const { name, size, state } = model.watched(upload);
  return (
    <li class="attachment" data-testid="attachment" data-state={state}>
      {preview === undefined ? <FileIcon /> : <img src={preview} alt={files.picture} />}
      <div>
        <p class="file-name" dir="auto">
          {name}
        </p>
        <p class="file-state">
          {fileSize(size)} · <UploadState upload={upload} model={model} />
        </p>
      </div>
      {state === 'failed' && (
        <button
          type="button"
          class="icon-button"
          data-testid="attachment-retry"
          aria-label={files.retry(name)}
          title={files.retry(name)}
          onClick={() => upload.retry()}
        >
          <RetryIcon />
        </button>
      )}
      <button
        type="button"
        class="icon-button"
        data-testid="attachment-remove"
        aria-label={files.remove(name)}
        title={files.remove(name)}
        onClick={() => model.attachments.remove(attachment)}
      >
        <CloseIcon />
      </button>
    </li>
  );
}
