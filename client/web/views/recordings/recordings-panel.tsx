import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Composition, KeptRecording, KeptRecordings } from '../../../sdk/index.ts';
import type { AppModel, Call } from '../../model/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { RecordingCard } from './recording-card.tsx';
import '../../styles/recordings.css';

/** How often the list is loaded again while the files of a recording that was stopped are being completed, in milliseconds. */
const SETTLING_MS = 2000;

/** The recordings of the room, newest first. */
export function RecordingsPanel({ model, call }: { model: AppModel; call: Call }) {
  const { recordings: words } = lateStrings();
  const { roomId } = call.room;
  const loaded = useSignal<{ source: KeptRecordings; list: KeptRecording[]; more: boolean } | undefined>(
    undefined,
  );
  const failed = useSignal(false);
  const recordingsOf = async () => (await model.connected()).recordings(roomId);
  const load = async (before?: number) => {
    try {
      const source = await recordingsOf();
      const { recordings, more } = await source.list(before);
      const earlier = before === undefined ? [] : (loaded.value?.list ?? []);
      loaded.value = { source, list: [...earlier, ...recordings], more };
      failed.value = false;
    } catch {
      failed.value = true;
    }
  };
  /** Loads the newest ones again, and keeps older ones that are shown. */
  const renew = async () => {
    const { recordings } = await (await recordingsOf()).list();
    const sinceMs = recordings.at(-1)?.startedAtMs ?? 0;
    if (loaded.value) {
      const older = loaded.value.list.filter(({ startedAtMs }) => startedAtMs < sinceMs);
      loaded.value = { ...loaded.value, list: [...recordings, ...older] };
    }
  };
  const running = call.recording.running.value?.status;
  useEffect(() => {
    void load();
  }, [roomId, running]);
  const { source, list = [], more = false } = loaded.value ?? {};
  const isSettling = running === undefined && list.some(({ status }) => status !== 'ended');
  useEffect(() => {
    if (isSettling) {
      // What fails is tried again.
      const timer = setInterval(() => renew().catch(() => {}), SETTLING_MS);
      return () => clearInterval(timer);
    }
  }, [roomId, isSettling]);
  useEffect(
    () =>
      source?.onComposition((change) => {
        if (loaded.value) {
          loaded.value = { ...loaded.value, list: loaded.value.list.map((each) => changed(each, change)) };
        }
      }),
    [source],
  );
  return (
    <div class="recordings" data-testid="recordings">
      {failed.value && (
        <p class="problem" role="alert">
          {words.loadFailed}
        </p>
      )}
      {!source && !failed.value && <p class="hint">{words.loading}</p>}
      {source && list.length === 0 && (
        <div class="recordings-empty">
          <p>{words.empty}</p>
          {call.may('recording.control') && call.recording.isAvailable && (
            <p class="hint">{words.emptyHint}</p>
          )}
        </div>
      )}
      {source &&
        list.map((recording) => (
          <RecordingCard
            key={recording.recordingId}
            source={source}
            recording={recording}
            notices={model.notices}
            mayCompose={call.may('recording.control') && call.recording.isAvailable}
            onChanged={() => void load()}
          />
        ))}
      {more && (
        <button
          type="button"
          class="quiet"
          data-testid="recordings-older"
          onClick={() => void load(list.at(-1)?.startedAtMs)}
        >
          {words.older}
        </button>
      )}
    </div>
  );
}

/** A recording after one of its videos has got further, or was deleted. */
function changed(
  recording: KeptRecording,
  {
    recordingId,
    compositionId,
    composition,
  }: { recordingId: string; compositionId: string; composition: Composition | null },
): KeptRecording {
  if (recording.recordingId !== recordingId) {
    return recording;
  }
  const { compositions } = recording;
  const isKnown = compositions.some((each) => each.compositionId === compositionId);
  const kept = compositions.flatMap((each) =>
    each.compositionId === compositionId ? (composition ?? []) : each,
  );
  return { ...recording, compositions: isKnown || !composition ? kept : [...kept, composition] };
}
