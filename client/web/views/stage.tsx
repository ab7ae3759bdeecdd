import { useSignal } from '@preact/signals';
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { MediaSource, RemoteTrack } from '../../sdk/index.ts';
import { arrange, bestGrid, type Call, type LocalMedia, seatKey } from '../model/index.ts';
import { strings } from '../strings/index.ts';
import { NextIcon, PreviousIcon } from './icons.tsx';
import { TileReactions } from './reactions.tsx';
import { RenameButton } from './rename.tsx';
import { Tile, type TileProps } from './tile.tsx';
import { TileMenu } from './tile-menu.tsx';

const GAP_PX = 8;
/** Camera video may be cropped to fill the window, on a phone even to portrait. Screens are never cropped. */
const PEOPLE = { least: 4 / 3, most: 16 / 9 };
const PEOPLE_ON_PHONES = { least: 3 / 4, most: 16 / 9 };
const SCREEN = { least: 0.1, most: 10 };
/** Several screens get tiles with the aspect ratio of most screens. */
const SCREENS = { least: 16 / 9, most: 16 / 9 };
/** Maximum number of people per page. */
const MAX_TILES = 25;
/** Maximum number of people per page on a phone, where faces would otherwise be too small. */
const MAX_TILES_ON_PHONES = 8;
/** An area counts as a phone's if its shorter side is below this, in CSS pixels. */
const PHONE_PX = 480;
/** Minimum width of a tile, so that people are recognisable, in CSS pixels. */
const MIN_TILE_PX = 96;
/** How many people fit next to the stage without scrolling. */
const STRIP_TILES = 6;

/** All tiles in a gallery; or a pinned tile, screens or the speaker on a stage, with the others next to it. */
export function Stage({ call, media }: { call: Call; media: LocalMedia }) {
  const { stage, rest } = arrange({
    tiles: tilesOf(call, media),
    view: call.view.value,
    pinned: call.pinned.value,
    spotlight: call.spotlight.value,
    speaker: call.lastSpeaker.value,
  });
  if (stage.length === 0) {
    return <Gallery tiles={rest} call={call} />;
  }
  call.visibleSeats = STRIP_TILES;
  return (
    <div class="with-stage" data-testid="stage">
      <Grid tiles={stage} {...stageAspects(stage)} />
      <div class="strip" data-testid="strip">
        {rest.map((tile) => (
          <Tile key={seatKey(tile)} {...tile} />
        ))}
      </div>
    </div>
  );
}

/** Everyone at the same size, on as many pages as needed. */
function Gallery({ tiles, call }: { tiles: TileProps[]; call: Call }) {
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const page = useSignal(0);
  const { width, height } = size.value;
  const onPhone = isPhone(size.value);
  const aspects = peopleAspects(size.value);
  const fits = (count: number) =>
    bestGrid({ tiles: count, width, height, gap: GAP_PX, aspects }).tileWidth >= MIN_TILE_PX;
  let perPage = Math.min(onPhone ? MAX_TILES_ON_PHONES : MAX_TILES, tiles.length);
  while (perPage > 1 && !fits(perPage)) {
    perPage -= 1;
  }
  call.visibleSeats = perPage;
  const pages = Math.max(1, Math.ceil(tiles.length / Math.max(1, perPage)));
  const current = Math.min(page.value, pages - 1);
  const turn = (by: number) => {
    page.value = current + by;
  };
  return (
    <div class="gallery">
      {pages > 1 && (
        <PageButton
          label={strings.value.stage.previousPage}
          testId="previous-page"
          disabled={current === 0}
          turn={() => turn(-1)}
        >
          <PreviousIcon />
        </PageButton>
      )}
      <div class="gallery-area" ref={area}>
        <Grid tiles={tiles.slice(current * perPage, (current + 1) * perPage)} />
      </div>
      {pages > 1 && (
        <PageButton
          label={strings.value.stage.nextPage}
          testId="next-page"
          disabled={current === pages - 1}
          turn={() => turn(1)}
        >
          <NextIcon />
          <span class="page-count">{strings.value.stage.page(current + 1, pages)}</span>
        </PageButton>
      )}
    </div>
  );
}

function stageAspects(stage: readonly TileProps[]): { aspects?: typeof PEOPLE } {
  if (!stage.some(({ screen }) => screen)) {
    return {};
  }
  return { aspects: stage.length > 1 ? SCREENS : SCREEN };
}

function isPhone({ width, height }: { width: number; height: number }): boolean {
  return Math.min(width, height) < PHONE_PX;
}

function peopleAspects(area: { width: number; height: number }): typeof PEOPLE {
  return isPhone(area) ? PEOPLE_ON_PHONES : PEOPLE;
}

function PageButton({
  label,
  testId,
  disabled,
  turn,
  children,
}: {
  label: string;
  testId: string;
  disabled: boolean;
  turn(): void;
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class="page-button"
      data-testid={testId}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={turn}
    >
      {children}
    </button>
  );
}

/** @param aspects range of the tiles' aspect ratio. Default: one that suits people in this area. */
function Grid({ tiles, aspects }: { tiles: TileProps[]; aspects?: typeof PEOPLE }) {
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const { tileWidth, tileHeight } = bestGrid({
    tiles: tiles.length,
    ...size.value,
    gap: GAP_PX,
    aspects: aspects ?? peopleAspects(size.value),
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
        <Tile key={seatKey(tile)} {...tile} />
      ))}
    </div>
  );
}

/** Size of an element, in CSS pixels. */
function useSize(area: RefObject<HTMLElement | null>) {
  const size = useSignal({ width: 0, height: 0 });
  useEffect(() => {
    const element = area.current;
    if (!element) {
      return;
    }
    const observer = new ResizeObserver(([entry]) => {
      if (entry) {
        size.value = { width: entry.contentRect.width, height: entry.contentRect.height };
      }
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return size;
}

function tilesOf(call: Call, media: LocalMedia): TileProps[] {
  const tracks = call.tracks.value;
  const sources = call.sources.value;
  const lines = call.stats.lines.value;
  const self = call.room.participantId;
  const hands = call.hands.value;
  const people = new Map(call.participants.value.map((each) => [each.participantId, each]));
  return call.order.value.flatMap((participantId): TileProps[] => {
    const participant = people.get(participantId);
    if (!participant) {
      return [];
    }
    const { displayName: name, certifiedName, connected, mediaConnected, kind, callState } = participant;
    const trackOf = (source: MediaSource) =>
      tracks.find((track) => track.participantId === participantId && track.source === source);
    const sourceOf = (source: MediaSource) =>
      sources.find((each) => each.participantId === participantId && each.source === source);
    const microphone = sourceOf('microphone');
    const common = (isScreen: boolean) => ({
      participantId,
      name,
      ...(certifiedName !== undefined && { certifiedName }),
      guest: participant.role === 'guest',
      // All phones of a gateway share its account.
      seed: kind === 'phone' ? name : participant.accountId,
      self: participantId === self,
      hand: hands.includes(participantId)
        ? { place: hands.indexOf(participantId) + 1, of: hands.length }
        : undefined,
      lines: lines.get(seatKey({ participantId, screen: isScreen })),
      overlay: !isScreen && <TileReactions call={call} participantId={participantId} />,
      mutedBy: call.mutedBy(participantId),
    });
    const remote = (isScreen: boolean, track: RemoteTrack | undefined) => {
      const key = seatKey({ participantId, screen: isScreen });
      return {
        ...common(isScreen),
        ...videoOf(track),
        pinned: call.pinned.value === key,
        onPin: () => call.togglePin(key),
        layout: call.layout,
      };
    };
    const speaking = call.speaker.value === participantId;
    if (participantId === self) {
      const shared = call.screen.value;
      const own = { speaking, track: media.camera.value, muted: !media.microphoneOn.value };
      return [
        // Without its video: a screen that shows itself repeats endlessly.
        ...(shared ? [{ ...common(true), track: undefined, screen: true }] : []),
        { ...common(false), ...own, menu: <RenameButton call={call} participant={participant} /> },
      ];
    }
    const person: TileProps = {
      ...remote(false, trackOf('camera')),
      speaking,
      connected,
      ...(mediaConnected !== undefined && { mediaConnected }),
      phone: kind === 'phone',
      callState,
      muted: microphone?.muted ?? kind !== 'phone',
      menu: call.moderates && <TileMenu call={call} participant={participant} />,
    };
    if (!sourceOf('screen')) {
      return [person];
    }
    return [{ ...remote(true, trackOf('screen')), screen: true }, person];
  });
}

/** The track to show, or why the server sends none. */
function videoOf(track: RemoteTrack | undefined): Pick<TileProps, 'track' | 'saving'> {
  if (!track || track.muted) {
    return { track: undefined };
  }
  const { allocation } = track;
  if (allocation?.layers === null && allocation.reason !== 'paused') {
    return { track: undefined, saving: allocation.reason };
  }
  return { track: track.track };
}
