import type { Call, PanelName } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { SettingsIcon } from '../icons.tsx';
import type { Panel } from './panel.ts';

/** All side panels, in the order of their buttons. */
const PANELS: Record<PanelName, Panel> = {
  settings: {
    icon: SettingsIcon,
    title: () => strings.value.panels.settings,
    place: 'more menu',
    load: async () => (await import('../settings-panel.tsx')).SettingsPanel,
  },
};

export function panelNamed(name: PanelName): Panel {
  return PANELS[name];
}

/** The panels that this user has, with their names. */
export function panelsOf(call: Call): Array<[PanelName, Panel]> {
  const all = Object.entries(PANELS) as Array<[PanelName, Panel]>;
  return all.filter(([, { available }]) => available?.(call) ?? true);
}
