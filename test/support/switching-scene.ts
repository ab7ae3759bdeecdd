import type { HeadlessPerson } from './headless-person.ts';
import type { Person } from './person.ts';
import { ShapedRoom } from './shaped-room.ts';
import { Viewer } from './viewer.ts';
import { eventually } from './wait.ts';

/** Size of a tile for which the largest layer is wanted, in device pixels. */
export const LARGE = { width: 1280, height: 720 };

/** What the allocation page says of pictures. */
interface Pictures {
  pictures: Array<{ peerId: string; points: Array<{ spatialLayer: number; sent: boolean }> }>;
}

/** Somebody looks, behind a network that can be shaped, now at a small picture and now at a large one. */
export class SwitchingScene {
  readonly room: ShapedRoom;
  /** Looks. */
  readonly ann: Person;
  readonly view: Viewer;
  /** Says a tone, and has a real encoder. */
  readonly bob: Person;
  readonly bobsId: string;
  /** Sends three layers of a clip. */
  readonly cid: HeadlessPerson;
  /** Has all of them wanted. */
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

  /** Waits until Bob sends the lowest layer only: nobody wants more. */
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
