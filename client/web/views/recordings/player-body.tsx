import type { RecordedMessage } from '../../../sdk/index.ts';
import type { Chapter, Playback, PlayedTrack } from '../../model/on-demand/index.ts';
import { lateStrings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { PauseIcon, PlayIcon } from '../parts/icons.tsx';
import { duration } from '../parts/times.ts';
import { PlayerChat } from './player-chat.tsx';

const SPEEDS = [0.75, 1, 1.25, 1.5, 2] as const;
/** How far an arrow key goes, in seconds. */
const STEP_S = 1;

/** The player: pictures, side panel and controls. */
export function PlayerBody({
  playback,
  chapters,
  messages,
}: {
  playback: Playback;
  chapters: readonly Chapter[];
  messages: readonly RecordedMessage[];
}) {
  return (
    <>
      <div class="player-main">
        <Stage playback={playback} />
        <div class="player-beside">
          <Chapters playback={playback} chapters={chapters} />
          <PlayerChat playback={playback} messages={messages} />
        </div>
      </div>
      <Controls playback={playback} />
    </>
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

function Picture({ playback, track }: { playback: Playback; track: PlayedTrack }) {
  const { recordings: words } = lateStrings();
  const { displayName, source, isWhole = false } = track;
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
        muted={!isWhole}
        playsInline
        aria-label={source === 'screen' ? words.screenOf(displayName) : displayName}
      />
      {!isWhole && (
        <span class="name" dir="auto" aria-hidden="true">
          {source === 'screen' ? words.screenOf(displayName) : displayName}
        </span>
      )}
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
