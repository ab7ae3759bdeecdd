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

/** The button of a dialog that closes it and does nothing else. */
export function CloseButton({ label, testId }: { label: string; testId?: string }) {
  return (
    <form method="dialog">
      <button type="submit" class="quiet" data-testid={testId}>
        {label}
      </button>
    </form>
  );
}
