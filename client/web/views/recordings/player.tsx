import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import {
  type KeptRecording,
  type KeptRecordings,
  type RecordedMessage,
  type RecordedTrack,
  recordedChat,
  recordingEvents,
} from '../../../sdk/index.ts';
import { saveUrl } from '../../model/index.ts';
import { type Chapter, chaptersOf, Playback, playedTracks } from '../../model/on-demand/index.ts';
import { lateStrings, strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { CloseIcon, DownloadIcon } from '../parts/icons.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { PlayerBody } from './player-body.tsx';
import '../../styles/full-dialog.css';

/** Plays a recording: the last video that was made of it, else all tracks together. With the turns of speakers as chapters. Space plays and pauses, Escape closes it. */
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
  const tracks = useSignal<readonly RecordedTrack[]>([]);
  const failed = useSignal(false);
  useEffect(() => {
    dialog.current?.showModal();
    let isGone = false;
    const open = async () => {
      const opened = await source.open(recording.recordingId);
      if (!isGone) {
        tracks.value = opened.tracks;
        playback.value = new Playback(playedTracks(opened, recording.durationMs));
        // Whoever may not read the chat sees the recording without it.
        const chat = recordedChat(source, recording.recordingId).catch(() => []);
        chapters.value = chaptersOf(await recordingEvents(opened), recording.durationMs);
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
            {tracks.value.map((track) => (
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
      {current && <PlayerBody playback={current} chapters={chapters.value} messages={messages.value} />}
    </dialog>
  );
}
