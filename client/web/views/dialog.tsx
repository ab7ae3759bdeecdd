import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

/** A modal dialog. The browser traps the focus and closes it with Escape. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose(): void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    element.current?.showModal();
  }, []);
  // A click on the backdrop is a click on the dialog element, but outside its box.
  const clicked = ({ target, clientX, clientY }: MouseEvent) => {
    if (target !== element.current || !element.current) {
      return;
    }
    const { left, right, top, bottom } = element.current.getBoundingClientRect();
    const isInside = clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
    if (!isInside) {
      element.current.close();
    }
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes it with Escape
    <dialog ref={element} class="card" aria-labelledby={titleId} onClose={onClose} onClick={clicked}>
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}

/** A round button that opens a dialog. */
export function DialogButton({
  title,
  testId,
  icon,
  dialog,
}: {
  title: string;
  testId: string;
  icon: ComponentChildren;
  /** Renders the dialog; `close` closes it. */
  dialog(close: () => void): ComponentChildren;
}) {
  const open = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="round"
        data-testid={testId}
        title={title}
        aria-label={title}
        onClick={() => (open.value = true)}
      >
        {icon}
      </button>
      {open.value && dialog(() => (open.value = false))}
    </>
  );
}
