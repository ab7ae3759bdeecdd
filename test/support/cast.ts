import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { TestBrowser } from './browser.ts';
import { PAINTED_PEOPLE } from './painted-people.ts';
import { bundleOnSdk, openWithBundles } from './sdk-bundle.ts';
import type { TestServer } from './server.ts';

/** Names of different lengths and scripts. */
const NAMES = [
  'Grace Hopper',
  'Ада Лавлейс',
  'Alan Turing',
  'Katherine Johnson',
  'Edsger W. Dijkstra',
  'Radia Perlman',
  'محمد الخوارزمي',
  'Barbara Liskov',
  'Donald Knuth',
  'Ken Sakamura',
  'Hedy Lamarr',
  'Tim Berners-Lee',
  'Annie Easley',
  'Ken Thompson',
  'Софья Ковалевская',
  'Margaret Hamilton',
  'Leslie Lamport',
  'Shafi Goldwasser',
  'John von Neumann',
  'Frances Allen',
  'Maximiliane Wolfeschlegelsteinhausen',
  'Jean Bartik',
  'Niklaus Wirth',
  'Evelyn Boyd Granville',
];

const MODULE = `
  import { connect, enrol, memoryStore, parseInvitation } from 'canopy-sdk';
  ${PAINTED_PEOPLE}
  const rooms = [];
  const until = async (isTrue) => {
    while (!isTrue()) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  globalThis.enter = async ({ invitation, name, index, roomId }) => {
    const store = memoryStore();
    const { hash, origin } = new URL(invitation);
    const identity = await enrol({ ...parseInvitation(hash), serverUrl: origin, displayName: name, store });
    const client = await connect({ url: origin, identity });
    const room = await client.join(roomId);
    rooms.push({ client, room });
    room.setLayout({ tiles: [] });
    // Every sixth person has their camera off, every third is muted or has no microphone.
    if (index % 6 !== 5) {
      await room.publish(paintedPerson(index), { source: 'camera' });
    }
    return room.participantId;
  };
  globalThis.share = async (index) => {
    await rooms[index].room.publish(paintedSlides(), { source: 'screen' });
  };
  globalThis.unshare = async (index) => {
    for (const publication of rooms[index].room.publications) {
      if (publication.source === 'screen') {
        await publication.unpublish();
      }
    }
  };
  globalThis.chat = async () => {
    const lines = [
      [0, 'Good morning! The agenda: https://orchard.example/agenda'],
      [1, 'Доброе утро всем'],
      [2, 'Can everybody hear me? 👋'],
      [0, 'Yes. Let us wait two more minutes for the others, then start with the numbers of last month.'],
      [3, 'I sent the table yesterday.'],
      [6, 'صباح الخير'],
    ];
    for (const [index, text] of lines) {
      const { chat } = rooms[index].room;
      chat.send({ text });
      await until(() => chat.messages.some((message) => message.text === text));
    }
    const { chat } = rooms[1].room;
    const first = chat.messages[0];
    await chat.react(first.seq, '👍', true);
  };
  globalThis.vote = async () => {
    for (const [index, { room }] of rooms.entries()) {
      await until(() => room.polls.list.length > 0);
      if (index % 4 !== 3) {
        await room.polls.vote(room.polls.list[0].pollId, [index % 3]);
      }
    }
  };
  globalThis.leave = async () => {
    const { room, client } = rooms.pop();
    await room.leave();
    await client.close();
  };
`;

declare const window: {
  enter(seat: { invitation: string; name: string; index: number; roomId: string }): Promise<string>;
  share(index: number): Promise<void>;
  unshare(index: number): Promise<void>;
  chat(): Promise<void>;
  vote(): Promise<void>;
  leave(): Promise<void>;
};

/** Painted people in a room, all in one browser page. They send video and receive none. */
export class Cast {
  readonly #server: TestServer;
  readonly #roomId: string;
  readonly #page: Page;
  readonly #dir: string;
  #size = 0;

  private constructor(server: TestServer, roomId: string, page: Page, dir: string) {
    this.#server = server;
    this.#roomId = roomId;
    this.#page = page;
    this.#dir = dir;
  }

  static async assemble(browser: TestBrowser, server: TestServer, roomId: string): Promise<Cast> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-cast-'));
    await bundleOnSdk(dir, MODULE, 'cast.js');
    const page = await browser.page();
    await openWithBundles(page, dir, await server.invite());
    await page.evaluate("import('/example/cast.js')");
    return new Cast(server, roomId, page, dir);
  }

  /** Lets people enter or leave until there are `size` of them. */
  async resize(size: number): Promise<void> {
    while (this.#size < size) {
      const index = this.#size;
      const name = NAMES[index % NAMES.length] as string;
      const invitation = await this.#server.invite({ role: 'member' });
      await this.#page.evaluate((seat) => window.enter(seat), {
        invitation,
        name,
        index,
        roomId: this.#roomId,
      });
      this.#size += 1;
    }
    while (this.#size > size) {
      await this.#page.evaluate(() => window.leave());
      this.#size -= 1;
    }
  }

  /** Somebody shares a screen, or stops. */
  async share(index: number, on = true): Promise<void> {
    await this.#page.evaluate(([index, on]) => (on ? window.share(index) : window.unshare(index)), [
      index,
      on,
    ] as const);
  }

  /** Some write in the chat. */
  async chat(): Promise<void> {
    await this.#page.evaluate(() => window.chat());
  }

  /** Most vote in the first poll. */
  async vote(): Promise<void> {
    await this.#page.evaluate(() => window.vote());
  }

  async leave(): Promise<void> {
    await this.#page.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
