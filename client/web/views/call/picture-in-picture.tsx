import type { AppModel, Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { PictureInPictureIcon } from '../parts/icons.tsx';
import { MenuItem } from '../parts/menu.tsx';

/** Opens or closes a small window above all others that shows the call. */
export function PictureInPictureItem({ model, call }: { model: AppModel; call: Call }) {
  if (!('documentPictureInPicture' in window) && !document.pictureInPictureEnabled) {
    return null;
  }
  const toggle = async () => {
    try {
      const { toggleMiniWindow } = await import('./mini-window.tsx');
      await toggleMiniWindow(model, call);
    } catch {
      // The browser may refuse, e.g. while there is no video at all.
      model.notices.warn(strings.value.controls.noPictureInPicture);
    }
  };
  return (
    <MenuItem testId="more-picture-in-picture" icon={<PictureInPictureIcon />} onSelect={() => void toggle()}>
      {strings.value.controls.pictureInPicture}
    </MenuItem>
  );
}
