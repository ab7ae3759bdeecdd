import { effect, useSignal } from '@preact/signals';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { type AppModel, arrange, type Call, theme } from '../../model/index.ts';
import { language, strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { LeaveIcon } from '../parts/icons.tsx';
import { Tile, type TileProps } from '../stage/tile.tsx';
import { tilesOf } from '../stage/tiles-of.tsx';
import { CameraToggle, MicrophoneToggle } from './toggles.tsx';

/** A window above all others with any content: Document Picture-in-Picture (Chromium). */
interface DocumentPictureInPicture {
  readonly window: Window | null;
  requestWindow(options: { width: number; height: number }): Promise<Window>;
}

/** Initial size of the window, and size of a video in a window that only shows video, in CSS pixels. */
const SIZE = { width: 416, height: 300 };

/**
 * Opens a small window above all others, or closes it: with buttons where the browser can, otherwise just the video of whoever speaks.
 * Rejects if the browser refuses.
 */
export async function toggleMiniWindow(model: AppModel, call: Call): Promise<void> {
  const { documentPictureInPicture } = window as { documentPictureInPicture?: DocumentPictureInPicture };
  if (!documentPictureInPicture) {
    await toggleVideo(model, call);
  } else if (documentPictureInPicture.window) {
    documentPictureInPicture.window.close();
  } else {
    show(await documentPictureInPicture.requestWindow(SIZE), model, call);
  }
}

function show(mini: Window, model: AppModel, call: Call): void {
  for (const style of document.querySelectorAll('link[rel=stylesheet], style')) {
    mini.document.head.append(style.cloneNode(true));
  }
  mini.document.title = document.title;
  const page = mini.document.documentElement;
  const stop = effect(() => {
    page.lang = language.value;
    page.dir = document.documentElement.dir;
    page.style.colorScheme = theme.value === 'system' ? '' : theme.value;
    // The call has ended.
    if (call.state.value === 'closed') {
      mini.close();
    }
  });
  render(<MiniWindow mini={mini} model={model} call={call} />, mini.document.body);
  mini.addEventListener('pagehide', () => {
    stop();
    render(null, mini.document.body);
  });
}

function MiniWindow({ mini, model, call }: { mini: Window; model: AppModel; call: Call }) {
  const size = useSignal({ width: mini.innerWidth, height: mini.innerHeight });
  useEffect(() => {
    const update = () => {
      size.value = { width: mini.innerWidth, height: mini.innerHeight };
    };
    mini.addEventListener('resize', update);
    return () => mini.removeEventListener('resize', update);
  }, [mini]);
  const tile = mainTile(model, call);
  const { participantId, screen, self } = tile ?? {};
  const { width, height } = size.value;
  useEffect(() => {
    if (participantId === undefined || self) {
      return;
    }
    return call.layout.keep({ participantId, source: screen ? 'screen' : 'camera' }, { width, height });
  }, [participantId, screen, self, width, height]);
  const { controls } = strings.value;
  return (
    <div class="mini" data-testid="mini-window">
      {tile && <Tile {...tile} />}
      <div class="mini-controls">
        <MicrophoneToggle media={model.media} />
        <CameraToggle media={model.media} />
        <IconButton
          label={controls.leave}
          testId="leave"
          look="round leave"
          onClick={() => void model.leave()}
        >
          <LeaveIcon />
        </IconButton>
      </div>
    </div>
  );
}

/** What a small window shows: the pinned tile, a shared screen, or the speaker; this user if they are alone. */
function mainTile(model: AppModel, call: Call): TileProps | undefined {
  const tiles = tilesOf(call, model.media);
  const { stage } = arrange({
    tiles,
    view: 'speaker',
    pinned: call.pinned.value,
    spotlight: call.spotlight.value,
    speaker: call.lastSpeaker.value,
  });
  const tile = stage[0] ?? tiles[0];
  // It only shows: what a tile offers in the page needs more space.
  return tile && { ...tile, onPin: undefined, layout: undefined, menu: undefined, lines: undefined };
}

/** Shows the video of whoever speaks in the browser's own small window. */
async function toggleVideo(model: AppModel, call: Call): Promise<void> {
  if (document.pictureInPictureElement) {
    await document.exitPictureInPicture();
    return;
  }
  const video = document.createElement('video');
  Object.assign(video, { muted: true, playsInline: true, autoplay: true });
  let drop = () => {};
  let shown: MediaStreamTrack | undefined;
  const stop = effect(() => {
    const tile = mainTile(model, call);
    const { participantId, screen, self, track } = tile ?? {};
    drop();
    drop =
      participantId === undefined || self
        ? () => {}
        : call.layout.keep({ participantId, source: screen ? 'screen' : 'camera' }, SIZE);
    // Somebody whose camera is off: the last video stays, since a window without any would close.
    if (track && track !== shown) {
      shown = track;
      video.srcObject = new MediaStream([track]);
    }
    if (call.state.value === 'closed') {
      void document.exitPictureInPicture().catch(() => {});
    }
  });
  const end = () => {
    stop();
    drop();
    video.srcObject = null;
  };
  try {
    await video.play();
    await video.requestPictureInPicture();
  } catch (error) {
    end();
    throw error;
  }
  video.addEventListener('leavepictureinpicture', end, { once: true });
}
