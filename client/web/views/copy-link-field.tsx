import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { strings } from '../strings/index.ts';

/** A link with a button that copies it. */
export function CopyLinkField({ label, link }: { label: string; link: string }) {
  const copied = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const { common } = strings.value;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      copied.value = true;
    } catch {
      // Not allowed: select the link, so that the user can copy it.
      field.current?.select();
    }
  };
  return (
    <div class="copy-link">
      <input
        ref={field}
        data-testid="room-link"
        aria-label={label}
        readOnly
        value={link}
        onFocus={(event) => event.currentTarget.select()}
      />
      <button type="button" class="primary" data-testid="copy-link" onClick={() => void copy()}>
        {copied.value ? common.copied : common.copyLink}
      </button>
    </div>
  );
}
