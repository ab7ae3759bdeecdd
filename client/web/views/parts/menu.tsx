import { useSignal } from '@preact/signals';
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useLayoutEffect, useRef } from 'preact/hooks';

const CloseMenu = createContext<() => void>(() => {});

/** A button with a menu, operated as the ARIA Authoring Practices describe. */
export function MenuButton({
  label,
  testId,
  icon,
  buttonClass,
  children,
}: {
  label: string;
  testId: string;
  icon: ComponentChildren;
  buttonClass: string;
  /** The MenuItems. */
  children: ComponentChildren;
}) {
  const open = useSignal(false);
  const element = useRef<HTMLDivElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  // Some are hidden, depending on the width of the window.
  const items = () =>
    [...(element.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])].filter((item) =>
      item.checkVisibility(),
    );
  const close = () => {
    open.value = false;
  };
  const closeAndFocus = () => {
    close();
    element.current?.querySelector<HTMLElement>('[aria-haspopup]')?.focus();
  };
  // Before the browser handles the next key.
  useLayoutEffect(() => {
    if (!open.value) {
      return;
    }
    const { current } = menu;
    current?.showPopover();
    if (current && element.current) {
      place(current, element.current.getBoundingClientRect());
    }
    items()[0]?.focus();
    const clicked = ({ target }: Event) => {
      if (!(target instanceof Node && element.current?.contains(target))) {
        close();
      }
    };
    const pressed = (event: KeyboardEvent) => {
      const target = menuTarget(event.key, items());
      target?.focus();
      if (event.key === 'Escape') {
        closeAndFocus();
      } else if (event.key === 'Tab') {
        close();
      }
      if (target || event.key === 'Escape') {
        event.preventDefault();
      }
    };
    addEventListener('pointerdown', clicked);
    // Before the panel that the menu is in, which Escape would close too.
    addEventListener('keydown', pressed, true);
    // It would no longer be next to its button.
    addEventListener('resize', close);
    return () => {
      removeEventListener('resize', close);
      removeEventListener('pointerdown', clicked);
      removeEventListener('keydown', pressed, true);
    };
  }, [open.value]);
  return (
    <div ref={element} class="menu-anchor">
      <button
        type="button"
        class={buttonClass}
        data-testid={testId}
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-label={label}
        title={label}
        onClick={() => (open.value = !open.value)}
      >
        {icon}
      </button>
      {open.value && (
        <div ref={menu} class="menu" role="menu" aria-label={label} popover="manual">
          <CloseMenu.Provider value={closeAndFocus}>{children}</CloseMenu.Provider>
        </div>
      )}
    </div>
  );
}

/** An action in a menu. Selecting it closes the menu, unless it is `kept` open. */
export function MenuItem({
  testId,
  icon,
  shortcut,
  danger = false,
  kept = false,
  itemClass,
  onSelect,
  children,
}: {
  testId: string;
  icon?: ComponentChildren;
  /** The key that does the same outside the menu. */
  shortcut?: string | undefined;
  danger?: boolean;
  /** Keep the menu open, e.g. to confirm. Default false. */
  kept?: boolean;
  itemClass?: string;
  onSelect(): void;
  children: ComponentChildren;
}) {
  const close = useContext(CloseMenu);
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      class={[danger && 'danger', itemClass].filter(Boolean).join(' ')}
      data-testid={testId}
      aria-keyshortcuts={shortcut}
      onClick={() => {
        if (!kept) {
          close();
        }
        onSelect();
      }}
    >
      {icon}
      <span class="menu-label">{children}</span>
      {shortcut && <kbd>{shortcut}</kbd>}
    </button>
  );
}

/** Space between a menu and its button or the window's edge, in CSS pixels. */
const MARGIN_PX = 8;

/** Places an open menu above or below its button, wherever there is more space, and inside the window. */
function place(menu: HTMLElement, button: DOMRect): void {
  const { width, height } = menu.getBoundingClientRect();
  const middle = (button.left + button.right - width) / 2;
  const left = Math.min(Math.max(MARGIN_PX, middle), innerWidth - width - MARGIN_PX);
  const above = button.top > innerHeight - button.bottom;
  // A menu too tall for its side of the button covers the button rather than hide its last items.
  const wanted = above ? button.top - height - MARGIN_PX : button.bottom + MARGIN_PX;
  const top = Math.min(wanted, innerHeight - height - MARGIN_PX);
  Object.assign(menu.style, {
    left: `${left}px`,
    top: `${Math.max(MARGIN_PX, top)}px`,
    maxHeight: `${innerHeight - 2 * MARGIN_PX}px`,
  });
}

/** The menu item that a key moves the focus to (ARIA Authoring Practices, menu button pattern). */
function menuTarget(key: string, items: HTMLElement[]): HTMLElement | undefined {
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (key === 'ArrowDown' || key === 'ArrowRight') {
    return items[(at + 1) % items.length];
  }
  if (key === 'ArrowUp' || key === 'ArrowLeft') {
    return items.at(at - 1);
  }
  if (key === 'Home') {
    return items[0];
  }
  return key === 'End' ? items.at(-1) : undefined;
}
