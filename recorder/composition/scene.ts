import type { CompositionLayout } from '../../contract/index.ts';
import type { PictureSpan } from './picture-spans.ts';
import type { ShownPerson, Stretch } from './stretches.ts';
import { columnOf, galleryOf, largeBeside, type Rect } from './tile-layout.ts';

/** Frames from the start of a stretch; `to` is not part of it. */
export interface FrameRange {
  from: number;
  to: number;
}

/** A camera or screen in a place. */
export interface ScenePicture {
  span: PictureSpan;
  rect: Rect;
  /** When it is shown there; undefined: all the time. */
  ranges?: FrameRange[];
}

/** A name: in the corner of a picture, or in the middle of a tile without one. */
export interface SceneName {
  text: string;
  rect: Rect;
  isCard: boolean;
  range: FrameRange;
}

/** All that is shown during a stretch. */
export interface Scene {
  frames: number;
  /** Position of its start in the recording, in frames. */
  fromFrame: number;
  /** Tiles, drawn behind the pictures. */
  tiles: Rect[];
  pictures: ScenePicture[];
  names: SceneName[];
}

/** What is shown where during a stretch. */
export function sceneOf(stretch: Stretch, layout: CompositionLayout): Scene {
  const { people, screen, fromFrame, toFrame } = stretch;
  const scene: Scene = { frames: toFrame - fromFrame, fromFrame, tiles: [], pictures: [], names: [] };
  const isLarge = screen !== undefined || (layout === 'speaker' && people.length > 1);
  if (screen) {
    addTile(scene, largeBeside(people.length), { displayName: screen.track.displayName, camera: screen });
  } else if (isLarge) {
    addSpeakers(scene, stretch, largeBeside(people.length));
  }
  const rects = isLarge ? columnOf(people.length) : galleryOf(people.length);
  for (const [index, person] of people.entries()) {
    addTile(scene, rects[index] as Rect, person);
  }
  return scene;
}

function addTile(
  scene: Scene,
  rect: Rect,
  { displayName: text, camera }: Pick<ShownPerson, 'displayName' | 'camera'>,
) {
  scene.tiles.push(rect);
  scene.names.push({ text, rect, isCard: camera === undefined, range: { from: 0, to: scene.frames } });
  if (camera) {
    scene.pictures.push({ span: camera, rect });
  }
}

/** Whoever speaks, in turn. In silence, and while somebody speaks who is not shown, the last one stays. */
function addSpeakers(scene: Scene, { people, speakers }: Stretch, rect: Rect): void {
  scene.tiles.push(rect);
  const turns: Array<{ person: ShownPerson; range: FrameRange }> = [];
  let current = people.find(({ camera }) => camera) ?? people[0];
  for (const [index, { atFrame, participantId }] of speakers.entries()) {
    current = people.find((each) => each.participantId === participantId) ?? current;
    const range = { from: atFrame, to: speakers[index + 1]?.atFrame ?? scene.frames };
    const last = turns.at(-1);
    if (current && last?.person === current) {
      last.range.to = range.to;
    } else if (current && range.to > range.from) {
      turns.push({ person: current, range });
    }
  }
  for (const { person, range } of turns) {
    scene.names.push({ text: person.displayName, rect, isCard: person.camera === undefined, range });
  }
  for (const person of new Set(turns.map((turn) => turn.person))) {
    if (person.camera) {
      const ranges = turns.filter((turn) => turn.person === person).map(({ range }) => range);
      scene.pictures.push({ span: person.camera, rect, ranges });
    }
  }
}
