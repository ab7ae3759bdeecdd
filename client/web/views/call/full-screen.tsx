import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { strings } from '../../strings/index.ts';
import { ExitFullScreenIcon, FullScreenIcon } from '../parts/icons.tsx';
import { MenuItem } from '../parts/menu.tsx';

/** Shows an element full screen, by default the whole page, or ends full screen. */
export async function toggleFullScreen(element: Element = document.documentElement): Promise<void> {
  // A refusal needs no report.
  await (document.fullscreenElement ? document.exitFullscreen() : element.requestFullscreen()).catch(
    () => {},
  );
}

/** The menu item for the whole page. */
export function FullScreenItem() {
  const full = useSignal(document.fullscreenElement !== null);
  useEffect(() => {
    const update = () => {
      full.value = document.fullscreenElement !== null;
    };
    document.addEventListener('fullscreenchange', update);
    return () => document.removeEventListener('fullscreenchange', update);
  }, []);
  if (!document.fullscreenEnabled) {
    return null;
  }
  const { controls } = strings.value;
  return (
    <MenuItem
      testId="more-full-screen"
      icon={full.value ? <ExitFullScreenIcon /> : <FullScreenIcon />}
      shortcut="f"
      onSelect={() => void toggleFullScreen()}
    >
      {full.value ? controls.exitFullScreen : controls.fullScreen}
    </MenuItem>
  );
}
