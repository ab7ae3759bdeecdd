import type { FileUpload } from '../../../sdk/index.ts';
import type { ChatModel } from '../../model/index.ts';
import { errorSentence, strings } from '../../strings/index.ts';

/** How far an upload is, in words and as a bar. */
export function UploadState({ upload, model }: { upload: FileUpload; model: ChatModel }) {
  const { files } = strings.value;
  const { state, sentBytes, size, error } = model.watched(upload);
  const percent = Math.floor((sentBytes / size) * 100);
  switch (state) {
    case 'failed':
      return (
        <span class="problem" role="alert">
          {files.failed} {error && errorSentence(error)}
        </span>
      );
    case 'uploading':
      return (
        <>
          {files.uploading(percent)}
          <progress max={100} value={percent} aria-label={files.uploading(percent)} />
        </>
      );
    case 'waiting':
      return <>{files.waiting}</>;
    default:
      return <>{files.ready}</>;
  }
}
