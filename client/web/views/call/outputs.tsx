import type { Call, Notices } from '../../model/index.ts';
import { loadLateStrings } from '../../strings/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';
import { RecordingItems, RecordingSign } from './recording.tsx';

const loadLive = async () => {
  await loadLateStrings();
  return await import('./live.tsx');
};
const LiveSign = lazyView(async () => (await loadLive()).LiveSign);
const LiveItem = lazyView(async () => (await loadLive()).LiveItem);

interface OutputProps {
  call: Call;
  notices: Notices;
}

/** Says that the call is recorded or streamed, as long as it is. */
export function OutputSigns({ call, notices }: OutputProps) {
  return (
    <>
      <RecordingSign call={call} />
      {hasLive(call) && <LiveSign call={call} notices={notices} />}
    </>
  );
}

/** Starts and ends recordings and live streams, for those who may. */
export function OutputItems({ call, notices }: OutputProps) {
  return (
    <>
      <RecordingItems call={call} />
      {hasLive(call) && <LiveItem call={call} notices={notices} />}
    </>
  );
}

/** Whether the server streams calls. */
function hasLive({ room }: Call): boolean {
  const { targets, hls } = room.live.choices;
  return hls || targets.length > 0;
}
