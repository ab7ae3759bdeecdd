/** The side panels of a call: their frame, buttons and registry. */
export type { PanelProps } from './panel.ts';
export { PanelButtons, PanelItems, panelKeys, panelShortcuts } from './panel-buttons.tsx';
export { SidePanel } from './side-panel.tsx';
