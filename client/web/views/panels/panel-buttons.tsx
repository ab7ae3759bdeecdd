import type { Call, PanelName } from '../../model/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { MenuItem } from '../parts/menu.tsx';
import type { Panel } from './panel.ts';
import { panelsOf } from './registry.ts';

/** Buttons that open and close the side panels. */
export function PanelButtons({ call }: { call: Call }) {
  return panelsOf(call)
    .filter(([, { place }]) => place === 'toolbar')
    .map(([name, panel]) => <PanelButton key={name} name={name} panel={panel} call={call} />);
}

function PanelButton({ name, panel, call }: { name: PanelName; panel: Panel; call: Call }) {
  const { icon: PanelIcon, shortcut } = panel;
  const open = call.panel.value === name;
  const badge = panel.badge?.(call);
  const title = panel.title();
  return (
    <IconButton
      label={badge ? `${title}, ${badge.label}` : title}
      testId={`panel-${name}`}
      shortcut={shortcut}
      look={['round', open && 'active', !panel.essential && 'from-medium'].filter(Boolean).join(' ')}
      data={{ 'aria-expanded': open }}
      onClick={() => call.togglePanel(name)}
    >
      <PanelIcon />
      {badge && (
        <span class="badge" aria-hidden="true">
          {badge.text}
        </span>
      )}
    </IconButton>
  );
}

/** Items of the toolbar's menu that open panels: those without a button, and on narrow screens those whose button has no space. */
export function PanelItems({ call }: { call: Call }) {
  return panelsOf(call)
    .filter(([, { place, essential }]) => place === 'more menu' || !essential)
    .map(([name, { icon: PanelIcon, title, shortcut, place }]) => (
      <MenuItem
        key={name}
        testId={place === 'more menu' ? `panel-${name}` : `more-panel-${name}`}
        itemClass={place === 'toolbar' ? 'below-medium' : ''}
        icon={<PanelIcon />}
        shortcut={shortcut}
        onSelect={() => call.togglePanel(name)}
      >
        {title()}
      </MenuItem>
    ));
}

/** The panels' shortcuts, for useShortcuts(). */
export function panelShortcuts(call: Call): Record<string, () => void> {
  return Object.fromEntries(
    panelsOf(call).flatMap(([name, { shortcut }]) =>
      shortcut ? [[shortcut, () => call.togglePanel(name)] as const] : [],
    ),
  );
}

/** The panels' shortcuts with their titles, for the list of shortcuts. */
export function panelKeys(call: Call): Array<readonly [string, string]> {
  return panelsOf(call).flatMap(([, { shortcut, title }]) =>
    shortcut ? [[shortcut, title()] as const] : [],
  );
}
