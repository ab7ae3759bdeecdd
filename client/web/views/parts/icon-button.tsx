import type { ComponentChildren } from 'preact';
import { strings } from '../../strings/index.ts';

/** A button that shows only an icon: its label is read out, and shown when it is pointed at. */
export function IconButton({
  label,
  testId,
  shortcut,
  look = 'icon-button',
  disabled = false,
  data,
  onClick,
  children,
}: {
  label: string;
  testId?: string;
  /** The key that does the same. */
  shortcut?: string | undefined;
  /** Its classes. Default: a small one without a border. */
  look?: string;
  disabled?: boolean;
  /** Further attributes. */
  data?: Record<`data-${string}` | `aria-${string}`, string | boolean | undefined>;
  onClick(): void;
  /** The icon. */
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class={look}
      data-testid={testId}
      aria-label={label}
      aria-keyshortcuts={shortcut}
      title={shortcut ? strings.value.common.withShortcut(label, shortcut) : label}
      disabled={disabled}
      onClick={onClick}
      {...data}
    >
      {children}
    </button>
  );
}
