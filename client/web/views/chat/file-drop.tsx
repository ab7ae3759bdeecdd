import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import '../../styles/file-drop.css';

/** Takes files that are dropped anywhere on the call, for the chat. */
export function FileDrop({ call }: { call: Call }) {
  const isOver = useSignal(false);
  useEffect(() => {
    /** Enters and leaves of elements within each other. */
    let depth = 0;
    const hasFiles = ({ dataTransfer }: DragEvent) =>
      dataTransfer?.types.includes('Files') === true && call.chat.maySendFiles.peek();
    const ended = () => {
      depth = 0;
      isOver.value = false;
    };
    const listeners = {
      dragenter: (event: DragEvent) => {
        if (hasFiles(event)) {
          event.preventDefault();
          depth += 1;
          isOver.value = true;
        }
      },
      dragover: (event: DragEvent) => {
        if (hasFiles(event)) {
          event.preventDefault();
        }
      },
      dragleave: (event: DragEvent) => {
        depth -= hasFiles(event) ? 1 : 0;
        if (depth <= 0) {
          ended();
        }
      },
      drop: (event: DragEvent) => {
        if (hasFiles(event)) {
          event.preventDefault();
          call.panel.value = 'chat';
          void call.chat.attachments.add([...(event.dataTransfer?.files ?? [])]);
        }
        ended();
      },
    };
    const all = Object.entries(listeners) as Array<[keyof typeof listeners, (event: DragEvent) => void]>;
    for (const [name, listener] of all) {
      document.addEventListener(name, listener);
    }
    return () => {
      for (const [name, listener] of all) {
        document.removeEventListener(name, listener);
      }
    };
  }, [call]);
  return isOver.value ? (
    <div class="file-drop" data-testid="file-drop">
      <p>{strings.value.files.drop}</p>
    </div>
  ) : null;
}
