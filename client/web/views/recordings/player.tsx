import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { KeptRecording, KeptRecordings, RecordedMessage, RecordedTrack } from '../../../sdk/index.ts';
import { saveUrl } from '../../model/index.ts';
import { type Chapter, chaptersOf, Playback } from '../../model/on-demand/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { CloseIcon, DownloadIcon, PauseIcon, PlayIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { duration } from '../parts/times.ts';
import { PlayerChat } from './player-chat.tsx';
import '../../styles/full-dialog.css';

const SPEEDS = [0.75, 1, 1.25, 1.5, 2] as const;
/** How far an arrow key goes, in seconds. */
const STEP_S = 1;

/** Plays all tracks of a recording together, with the turns of speakers as chapters. Space plays and pauses, Escape closes it. */
export function Player({
  source,
  recording,
  title,
  onClose,
}: {
  source: KeptRecordings;
  recording: KeptRecording;
  title: string;
  onClose(): void;
}) {
  const { common } = strings.value;
  const { recordings: words } = lateStrings();
  const dialog = useRef<HTMLDialogElement>(null);
  const playback = useSignal<Playback | undefined>(undefined);
  const chapters = useSignal<readonly Chapter[]>([]);
  const messages = useSignal<readonly RecordedMessage[]>([]);
  const failed = useSignal(false);
  useEffect(() => {
    dialog.current?.showModal();
    let isGone = false;
    const open = async () => {
      const opened = await source.open(recording.recordingId);
      if (!isGone) {
        playback.value = new Playback(opened.tracks);
        // Whoever may not read the chat sees the recording without it.
        const chat = source.chat(recording.recordingId).catch(() => []);
        chapters.value = chaptersOf(await source.events(opened), recording.durationMs);
        messages.value = await chat;
      }
    };
    open().catch(() => (failed.value = playback.value === undefined));
    return () => {
      isGone = true;
      playback.value?.close();
    };
  }, [recording.recordingId]);
  const current = playback.value;
  const pressed = (event: KeyboardEvent) => {
    if (event.key === ' ' && event.target === dialog.current) {
      event.preventDefault();
      current?.toggle();
    }
    // Nothing behind it reacts, such as the shortcuts of the call.
    event.stopPropagation();
  };
  return (
    <dialog
      ref={dialog}
      class="full-dialog player"
      aria-label={title}
      data-testid="player"
      onClose={onClose}
      onKeyDown={pressed}
    >
      <header>
        <h2>{title}</h2>
        {current && (
          <MenuButton
            label={words.tracks}
            testId="player-tracks"
            icon={<DownloadIcon />}
            buttonClass="icon-button"
          >
            {current.tracks.map((track) => (
              <MenuItem
                key={track.file}
                testId="player-track"
                onSelect={() => saveUrl(`${track.url}&download=1`, track.file)}
              >
                {words.trackOf(track.displayName, words.source[track.source])}
              </MenuItem>
            ))}
          </MenuButton>
        )}
        <IconButton label={common.close} testId="player-close" onClick={() => dialog.current?.close()}>
          <CloseIcon />
        </IconButton>
      </header>
      {failed.value && (
        <p class="problem" role="alert">
          {words.playFailed}
        </p>
      )}
      {current && (
        <>
          <div class="player-main">
            <Stage playback={current} />
            <div class="player-beside">
              <Chapters playback={current} chapters={chapters.value} />
              <PlayerChat playback={current} messages={messages.value} />
            </div>
          </div>
          <Controls playback={current} />
        </>
      )}
    </dialog>
  );
}

/** The pictures of everyone who is on now; sounds have no place. */
function Stage({ playback }: { playback: Playback }) {
  return (
    <ul class="player-stage">
      {playback.near.value.map((track) =>
        track.codec === 'opus' ? (
          <li key={track.file} hidden>
            {/* biome-ignore lint/a11y/useMediaCaption: a call has no captions */}
            <audio ref={(element) => playback.attach(track, element)} src={track.url} preload="auto" />
          </li>
        ) : (
          <Picture key={track.file} playback={playback} track={track} />
        ),
      )}
    </ul>
  );
}

function Picture({ playback, track }: { playback: Playback; track: RecordedTrack }) {
  const { recordings: words } = lateStrings();
  const { displayName, source } = track;
  return (
    <li
      class="player-picture"
      data-testid="player-picture"
      data-source={source}
      hidden={!playback.isShown(track)}
    >
      <video
        ref={(element) => playback.attach(track, element)}
        src={track.url}
        preload="auto"
        muted
        playsInline
        aria-label={source === 'screen' ? words.screenOf(displayName) : displayName}
      />
      <span class="name" dir="auto" aria-hidden="true">
        {source === 'screen' ? words.screenOf(displayName) : displayName}
      </span>
    </li>
  );
}

function Chapters({ playback, chapters }: { playback: Playback; chapters: readonly Chapter[] }) {
  const { recordings: words } = lateStrings();
  if (chapters.length === 0) {
    return null;
  }
  const at = chapters.findLastIndex(({ atMs }) => atMs <= playback.timeMs.value);
  return (
    <nav class="player-chapters" aria-label={words.chapters} data-testid="player-chapters">
      <h3>{words.chapters}</h3>
      <ol>
        {chapters.map(({ atMs, displayName }, index) => (
          <li key={atMs}>
            <button
              type="button"
              class="quiet"
              aria-current={index === at}
              aria-label={words.chapter(duration(atMs), displayName)}
              onClick={() => playback.seek(atMs)}
            >
              <span>{duration(atMs)}</span>
              <span dir="auto">{displayName}</span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Controls({ playback }: { playback: Playback }) {
  const { recordings: words } = lateStrings();
  const { durationMs } = playback;
  const timeMs = playback.timeMs.value;
  const isPlaying = playback.playing.value;
  const position = `${duration(timeMs)} / ${duration(durationMs)}`;
  return (
    <div class="player-controls">
      <IconButton
        label={isPlaying ? words.pause : words.play}
        testId="player-toggle"
        data={{ 'data-playing': String(isPlaying) }}
        onClick={() => playback.toggle()}
      >
        {isPlaying ? <PauseIcon /> : <PlayIcon />}
      </IconButton>
      <input
        type="range"
        data-testid="player-position"
        aria-label={words.position}
        aria-valuetext={position}
        min={0}
        max={durationMs / 1000}
        step={STEP_S}
        value={timeMs / 1000}
        onInput={({ currentTarget }) => playback.seek(Number(currentTarget.value) * 1000)}
      />
      <span class="player-time" data-testid="player-time">
        {position}
      </span>
      <select
        aria-label={words.speed}
        data-testid="player-speed"
        value={playback.rate.value}
        onChange={({ currentTarget }) => playback.setRate(Number(currentTarget.value))}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {speed}×
          </option>
        ))}
      </select>
    </div>
  );
}
