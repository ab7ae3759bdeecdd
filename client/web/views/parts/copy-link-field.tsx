import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { strings } from '../../strings/index.ts';

/** A link, or something else to send, with a button that copies it. An empty link is still being made. */
export function CopyLinkField({
  label,
  link,
  testId = 'room-link',
  copyTestId = 'copy-link',
  copyLabel = strings.value.common.copyLink,
}: {
  label: string;
  link: string;
  testId?: string;
  copyTestId?: string;
  /** What the button says. Default: “Copy link”. */
  copyLabel?: string;
}) {
  const copied = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const { common, invite } = strings.value;
  useEffect(() => {
    copied.value = false;
  }, [link]);
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
      {link === '' ? (
        <input aria-label={label} disabled placeholder={invite.creating} />
      ) : (
        <input
          ref={field}
          data-testid={testId}
          aria-label={label}
          readOnly
          value={link}
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
      <button
        type="button"
        class="primary"
        data-testid={copyTestId}
        disabled={link === ''}
        onClick={() => void copy()}
      >
        {copied.value ? common.copied : copyLabel}
      </button>
    </div>
  );
}
