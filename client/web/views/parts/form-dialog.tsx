import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { CanopyError } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import { CloseButton, Dialog } from './dialog.tsx';
import { Problem } from './problem.tsx';

/** A dialog that does one thing with what was entered. It closes on success, and shows why it failed otherwise. */
export function FormDialog({
  title,
  submit,
  ready,
  act,
  onClose,
  children,
}: {
  title: string;
  /** The button that acts. `danger`: it harms somebody or cannot be undone. */
  submit: { label: string; testId: string; danger?: boolean };
  /** Whether the fields allow acting. */
  ready: boolean;
  /** Resolves to false if the dialog should stay, since a field needs attention. */
  act(): Promise<unknown>;
  onClose(): void;
  children: ComponentChildren;
}) {
  const busy = useSignal(false);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const run = async () => {
    busy.value = true;
    problem.value = undefined;
    try {
      if ((await act()) !== false) {
        onClose();
      }
      busy.value = false;
    } catch (error) {
      problem.value = CanopyError.from(error);
      busy.value = false;
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {children}
        <Problem error={problem.value} />
        <button
          type="submit"
          class={submit.danger ? 'primary danger' : 'primary'}
          data-testid={submit.testId}
          disabled={busy.value || !ready}
        >
          {submit.label}
        </button>
      </form>
      <CloseButton label={strings.value.common.cancel} />
    </Dialog>
  );
}
