import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { bestGrid, type Call, type LocalMedia } from '../model/index.ts';
import { Tile, type TileProps } from './tile.tsx';
import { TileMenu } from './tile-menu.tsx';

const GAP_PX = 8;
/** A face may be cropped at the sides to fill the window; a screen takes what there is and is never cropped. */
const PEOPLE = { least: 4 / 3, most: 16 / 9 };
const SCREEN = { least: 0.1, most: 10 };

/** The people, as large as the window allows; a shared screen takes the stage, and they stand beside it. */
export function Stage({ call, media }: { call: Call; media: LocalMedia }) {
  const { people, screens } = tilesOf(call, media);
  if (screens.length === 0) return <Grid tiles={people} aspects={PEOPLE} />;
  return (
    <div class="stage with-screen">
      <Grid tiles={screens} aspects={SCREEN} />
      <div class="strip" data-testid="strip">
        {people.map((tile) => (
          <Tile key={tile.participantId} {...tile} />
        ))}
      </div>
    </div>
  );
}

function Grid({ tiles, aspects }: { tiles: TileProps[]; aspects: typeof PEOPLE }) {
  const area = useRef<HTMLDivElement>(null);
  const size = useSignal({ width: 0, height: 0 });
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) size.value = { width: entry.contentRect.width, height: entry.contentRect.height };
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { tileWidth, tileHeight } = bestGrid({
    tiles: tiles.length,
    ...size.value,
    gap: GAP_PX,
    aspects,
  });
  return (
    <div
      ref={area}
      class="grid"
      data-testid="grid"
      style={{
        '--tile-width': `${tileWidth}px`,
        '--tile-height': `${tileHeight}px`,
        '--gap': `${GAP_PX}px`,
      }}
    >
      {tiles.map((tile) => (
        <Tile key={`${tile.participantId} ${tile.screen}`} {...tile} />
      ))}
    </div>
  );
}

function tilesOf(call: Call, media: LocalMedia): { people: TileProps[]; screens: TileProps[] } {
  const tracks = call.tracks.value;
  const ownScreen = call.screen.value;
  const screens: TileProps[] = [];
  const people = call.participants.value.map((participant): TileProps => {
    const { participantId, displayName: name, connected, kind, callState } = participant;
    const self = participantId === call.room.participantId;
    const speaking = call.speaker.value === participantId;
    const mine = tracks.filter((track) => track.participantId === participantId);
    const screen = self ? ownScreen : mine.find(({ source }) => source === 'screen');
    if (screen) screens.push({ participantId, name, track: screen.track, screen: true, self });
    if (self) {
      return {
        participantId,
        name,
        self,
        speaking,
        track: media.camera.value,
        muted: !media.microphoneOn.value,
      };
    }
    const camera = mine.find(({ source }) => source === 'camera');
    const microphone = mine.find(({ source }) => source === 'microphone');
    return {
      participantId,
      name,
      speaking,
      connected,
      phone: kind === 'phone',
      callState,
      track: camera?.muted ? undefined : camera?.track,
      muted: microphone?.muted ?? kind !== 'phone',
      menu: call.moderates && <TileMenu call={call} participant={participant} muted={microphone?.muted} />,
    };
  });
  return { people, screens };
}
