import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

/**
 * A modal dialog. The browser traps the focus, closes it with Escape, and then returns the focus to where it was. The focus starts on the first
 * control.
 */
export function Dialog({
  title,
  focusHeading = false,
  onClose,
  children,
}: {
  title: string;
  /** Start with the heading instead, as the first control is not ready yet or not what the dialog is about; again whenever this becomes true. */
  focusHeading?: boolean;
  onClose(): void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const isGone = useRef(false);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      // A dialog that is removed while it is open does not return the focus.
      isGone.current = true;
      dialog?.close();
    };
  }, []);
  useEffect(() => {
    if (focusHeading) {
      heading.current?.focus();
    }
  }, [focusHeading]);
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
    <dialog
      ref={element}
      class="card"
      aria-labelledby={titleId}
      onClose={() => (isGone.current ? undefined : onClose())}
      onClick={clicked}
    >
      <h2 ref={heading} id={titleId} tabIndex={-1}>
        {title}
      </h2>
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
