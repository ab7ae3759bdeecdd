import type { Call } from '../../model/index.ts';
import { loadLateStrings } from '../../strings/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';
import { RecordingItems, RecordingSign } from './recording.tsx';

const LiveSign = lazyView(async () => {
  await loadLateStrings();
  return (await import('./live.tsx')).LiveSign;
});
const LiveItem = lazyView(async () => {
  await loadLateStrings();
  return (await import('./live.tsx')).LiveItem;
});

/** Says that the call is recorded or streamed, as long as it is. */
export function OutputSigns({ call }: { call: Call }) {
  return (
    <>
      <RecordingSign call={call} />
      <LiveSign call={call} />
    </>
  );
}

/** Starts and ends recordings and live streams, for those who may. */
export function OutputItems({ call }: { call: Call }) {
  return (
    <>
      <RecordingItems call={call} />
      <LiveItem call={call} />
    </>
  );
}
