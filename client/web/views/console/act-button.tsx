import { useSignal } from '@preact/signals';
import { FormDialog } from '../parts/form-dialog.tsx';

/** A button for an action that is asked about first. */
export function ActButton({
  label,
  of,
  testId,
  title,
  text,
  danger = true,
  act,
}: {
  label: string;
  /** What it is about, for those who hear the button without its entry. */
  of: string;
  testId: string;
  /** The question. */
  title: string;
  /** What happens then. */
  text?: string;
  danger?: boolean;
  act(): Promise<unknown>;
}) {
  const asking = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="small"
        data-testid={testId}
        aria-label={`${label}: ${of}`}
        onClick={() => (asking.value = true)}
      >
        {label}
      </button>
      {asking.value && (
        <FormDialog
          title={title}
          submit={{ label, testId: `confirm-${testId}`, danger }}
          ready
          act={async () => {
            await act();
          }}
          onClose={() => (asking.value = false)}
        >
          {text && <p>{text}</p>}
        </FormDialog>
      )}
    </>
  );
}
