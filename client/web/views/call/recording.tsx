import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { PauseIcon, RecordIcon } from '../parts/icons.tsx';
import { MenuItem } from '../parts/menu.tsx';
import '../../styles/call-sign.css';
import '../../styles/recording.css';

/** Says that the call is being recorded, as long as it is. */
export function RecordingSign({ call }: { call: Call }) {
  const running = call.recording.running.value;
  const { recording: words } = strings.value;
  if (!running) {
    return null;
  }
  const { status } = running;
  const text =
    status === 'recording' ? words.running : status === 'paused' ? words.pausedNow : words.interrupted;
  return (
    <span
      class="call-sign recording-sign"
      role="status"
      data-testid="recording"
      data-status={status}
      title={text}
    >
      <span class="dot" aria-hidden="true" />
      <span class="name">{text}</span>
    </span>
  );
}

/** Starts, pauses and ends a recording, for those who may. */
export function RecordingItems({ call }: { call: Call }) {
  const { recording } = call;
  if (!call.may('recording.control') || !recording.isAvailable) {
    return null;
  }
  const running = recording.running.value;
  const { recording: words } = strings.value;
  return (
    <>
      <MenuItem testId="record" icon={<RecordIcon />} onSelect={() => void recording.toggle()}>
        {running ? words.stop : words.start}
      </MenuItem>
      {running && (
        <MenuItem testId="record-pause" icon={<PauseIcon />} onSelect={() => void recording.togglePause()}>
          {running.status === 'paused' ? words.resume : words.pause}
        </MenuItem>
      )}
    </>
  );
}
