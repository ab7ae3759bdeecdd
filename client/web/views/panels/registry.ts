import type { Call, PanelName } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { PeopleIcon, SettingsIcon } from '../icons.tsx';
import type { Panel } from './panel.ts';

/** All side panels, in the order of their buttons. */
const PANELS: Record<PanelName, Panel> = {
  people: {
    icon: PeopleIcon,
    title: () => strings.value.people.heading,
    place: 'toolbar',
    shortcut: 'p',
    load: async () => (await import('../people-panel.tsx')).PeoplePanel,
    badge: (call) => ({ text: `${call.headcount}`, label: strings.value.people.inCall(call.headcount) }),
  },
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
