import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import {
  CanopyError,
  openSharedRecording,
  recordingEvents,
  type SharedRecording,
} from '../../../sdk/index.ts';
import { type Chapter, chaptersOf, Playback, playedTracks } from '../../model/on-demand/index.ts';
import { language, lateStrings } from '../../strings/index.ts';
import { Brand } from '../parts/brand.tsx';
import { Problem } from '../parts/problem.tsx';
import { PlayerBody } from './player-body.tsx';
import '../../styles/recordings.css';

/** A recording that someone shared by a link. Whoever opens it needs no account, and can only play it. */
export function SharedRecordingView({ secret }: { secret: string }) {
  const { recordings: words } = lateStrings();
  const opened = useSignal<{ about: SharedRecording; playback: Playback } | undefined>(undefined);
  const chapters = useSignal<readonly Chapter[]>([]);
  const problem = useSignal<CanopyError | undefined>(undefined);
  useEffect(() => {
    let isGone = false;
    const open = async () => {
      const about = await openSharedRecording({ serverUrl: location.origin }, secret);
      if (!isGone) {
        opened.value = { about, playback: new Playback(playedTracks(about, about.durationMs)) };
        chapters.value = chaptersOf(await recordingEvents(about).catch(() => []), about.durationMs);
      }
    };
    open().catch((error: unknown) => (problem.value = CanopyError.from(error)));
    return () => {
      isGone = true;
      opened.value?.playback.close();
    };
  }, [secret]);
  if (problem.value) {
    return (
      <main class="center">
        <section class="card" data-testid="shared-recording-problem">
          <Brand />
          <h1>{words.linkClosed}</h1>
          <Problem error={problem.value} />
        </section>
      </main>
    );
  }
  if (!opened.value) {
    return <main class="center" aria-busy="true" />;
  }
  const { about, playback } = opened.value;
  const date = (ms: number) =>
    new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
  return (
    <main class="player shared-recording" data-testid="shared-recording">
      <header>
        <h1>{about.title ?? words.recordingOf(date(about.startedAtMs))}</h1>
        <p class="hint">{words.sharedUntil(date(about.expiresAtMs))}</p>
      </header>
      <PlayerBody playback={playback} chapters={chapters.value} messages={[]} />
    </main>
  );
}
