import { useEffect, useId, useMemo } from 'preact/hooks';
import { type AppModel, roomName } from '../../model/index.ts';
import { RecentRecordings } from '../../model/on-demand/index.ts';
import { strings } from '../../strings/index.ts';
import { RecordingCard } from './recording-card.tsx';
import '../../styles/recordings.css';

/** The latest recordings of the user's rooms, on the home page. Nothing if there are none. */
export function HomeRecordings({ model }: { model: AppModel }) {
  const recent = useMemo(() => new RecentRecordings(() => model.connected()), [model]);
  useEffect(() => recent.start(), [recent]);
  const headingId = useId();
  const { home, recordings: words } = strings.value;
  if (recent.list.value.length === 0) {
    return null;
  }
  return (
    <section class="home-list" aria-labelledby={headingId} data-testid="list-recordings">
      <div class="home-list-header">
        <h2 id={headingId}>{words.title}</h2>
      </div>
      {recent.list.value.map(({ recording, source }) => (
        <RecordingCard
          key={recording.recordingId}
          source={source}
          recording={recording}
          room={roomName({ roomId: recording.roomId, title: recording.roomTitle })}
          notices={model.notices}
          mayCompose={recording.canShare}
          onChanged={() => void recent.load()}
        />
      ))}
      {recent.hasMore.value && (
        <button
          type="button"
          class="quiet"
          data-testid="more-recordings"
          onClick={() => void recent.showMore()}
        >
          {home.showMore}
        </button>
      )}
    </section>
  );
}
