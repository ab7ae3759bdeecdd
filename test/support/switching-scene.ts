import type { HeadlessPerson } from './headless-person.ts';
import type { Person } from './person.ts';
import { ShapedRoom } from './shaped-room.ts';
import { Viewer } from './viewer.ts';
import { eventually } from './wait.ts';

/** Size of a tile that needs the largest layer, in device pixels. */
export const LARGE = { width: 1280, height: 720 };

/** The allocation page's information on videos. */
interface Pictures {
  pictures: Array<{ peerId: string; points: Array<{ spatialLayer: number; sent: boolean }> }>;
}

/** A viewer behind a shaped network who switches between small and large videos. */
export class SwitchingScene {
  readonly room: ShapedRoom;
  /** The viewer. */
  readonly ann: Person;
  readonly view: Viewer;
  /** Sends a tone, and video from a real encoder. */
  readonly bob: Person;
  readonly bobsId: string;
  /** Sends a clip in three layers. */
  readonly cid: HeadlessPerson;
  /** Watches Cid, so that all his layers are wanted. */
  readonly eve: HeadlessPerson;

  private constructor(
    room: ShapedRoom,
    [ann, view]: readonly [Person, Viewer],
    [bob, bobsId]: readonly [Person, string],
    [cid, eve]: readonly [HeadlessPerson, HeadlessPerson],
  ) {
    this.room = room;
    this.ann = ann;
    this.view = view;
    this.bob = bob;
    this.bobsId = bobsId;
    this.cid = cid;
    this.eve = eve;
  }

  static async open(toneHz?: number): Promise<SwitchingScene> {
    const room = await ShapedRoom.open({ toneHz });
    try {
      const ann = await room.person('Ann');
      const bob = await room.person('Bob');
      const cid = await room.headless();
      const eve = await room.headless();
      cid.looksAt([]);
      await cid.showCamera();
      eve.looksAt([{ at: cid, ...LARGE }]);
      const bobsView = await Viewer.of(bob);
      await bobsView.shows([]);
      const bobsId = await bobsView.participantId();
      return new SwitchingScene(room, [ann, await Viewer.of(ann)], [bob, bobsId], [cid, eve]);
    } catch (error) {
      await room.close();
      throw error;
    }
  }

  explain(): Promise<Pictures> {
    return this.room.server.api<Pictures>('GET', '/api/rooms/team/allocation');
  }

  /** Waits until Bob sends only the lowest layer, since nobody wants more. */
  async bobIsSuspended(milliseconds?: number): Promise<void> {
    const peerId = await this.bob.peerId();
    await eventually(
      'the larger layers are suspended',
      () => this.explain(),
      ({ pictures }) =>
        pictures.some(
          (picture) =>
            picture.peerId === peerId &&
            picture.points.every(({ spatialLayer, sent }) => sent === (spatialLayer === 0)),
        ),
      milliseconds,
    );
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.cid.leave(), this.eve.leave()]);
    await this.room.close();
  }
}
