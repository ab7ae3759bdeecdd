import type { ComponentType } from 'preact';
import type { AppModel, Call } from '../../model/index.ts';

export interface PanelProps {
  model: AppModel;
  call: Call;
}

/** A side panel of the call, with its button. */
export interface Panel {
  icon: ComponentType;
  /** Its name on the button and as its heading, in the current language. */
  title(): string;
  /** Where its button is. */
  place: 'toolbar' | 'more menu';
  /** Whether its button stays in the toolbar on the narrowest screens too, which have space for one. Default false. */
  essential?: boolean;
  /** Loads the contents when the panel is first opened. They may focus an element of their own when they appear. */
  load(): Promise<ComponentType<PanelProps>>;
  /** What is new in it: a short text on the button, and the same for screen readers. Default nothing. */
  badge?(call: Call): { text: string; label: string } | undefined;
  /** The key that opens and closes it. Default none. */
  shortcut?: string;
  /** Whether this user has it. Default always. */
  available?(call: Call): boolean;
}
