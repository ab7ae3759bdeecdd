import type { RoomSummary } from '../../../sdk/index.ts';
import type { AppModel, HomeRooms } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { YourDevices } from '../devices/your-devices.tsx';
import { CloseButton, Dialog } from '../parts/dialog.tsx';
import { lazyView } from '../parts/lazy-view.tsx';
import { RoomSettings } from '../rooms/room-settings.tsx';
import { ScheduleDialog } from '../rooms/schedule-dialog.tsx';
import { Appearance } from '../settings/appearance.tsx';

const OwnData = lazyView(async () => (await import('../identity/own-data.tsx')).OwnData);

/** What is open on top of the home page. */
export type HomeDialog =
  | { name: 'appearance' }
  | { name: 'devices' }
  | { name: 'new-room' }
  | { name: 'schedule'; room?: RoomSummary }
  | { name: 'settings'; roomId: string };

/** The dialog that is open on the home page. */
export function HomeDialogs({
  model,
  rooms,
  dialog,
  onClose,
}: {
  model: AppModel;
  rooms: HomeRooms;
  dialog: HomeDialog | undefined;
  onClose(): void;
}) {
  const done = () => {
    onClose();
    void rooms.load();
  };
  switch (dialog?.name) {
    case undefined:
      return null;
    case 'appearance':
      return (
        <Dialog title={strings.value.home.appearance} onClose={onClose}>
          <Appearance />
          <OwnData model={model} onDeleted={onClose} />
          <CloseButton label={strings.value.common.done} />
        </Dialog>
      );
    case 'devices':
      return <YourDevices model={model} onClose={onClose} />;
    case 'new-room':
      return <ScheduleDialog model={model} planned={false} onClose={done} />;
    case 'schedule':
      return <ScheduleDialog model={model} room={dialog.room} onClose={done} />;
    case 'settings':
      return <RoomSettings model={model} roomId={dialog.roomId} onClose={done} />;
  }
}
