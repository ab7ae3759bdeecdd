import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type * as Sdk from '../../client/sdk/index.ts';
import { TestBrowser } from '../support/browser.ts';
import type { FirefoxBrowser, FirefoxPage } from '../support/firefox.ts';
import { Person, type PersonPage } from '../support/person.ts';
import { bundleOnSdk, openWithBundles } from '../support/sdk-bundle.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

/** How long anything may take on a loaded machine. */
const PATIENCE_MS = 120_000;

/** A room's keys in one epoch, as JSON. */
export interface TestKeys {
  epoch: number;
  /** Base keys in hex. */
  video: string;
  audio: string;
  /** Participant ids by leaf index. */
  members: string[];
}

export interface Entry {
  roomId: string;
  /** `encrypted`; `tapped`: not encrypted; either way, bytes of frames that are sent are noted before anything else happens to them. */
  way: 'encrypted' | 'tapped';
  /** Keys that are there before the room is entered, as those of this leaf. */
  keys?: TestKeys & { ownLeaf: number };
  /** Asks for a tile of this size, in pixels, of every camera. Default: no layout, everything is received. */
  tile?: { width: number; height: number };
}

/** How a track of someone else is received. */
export interface Received {
  source: string;
  participantId: string;
  decoded: number;
  height: number;
  /** What the transform did, if there is one. */
  passed: number;
  refused: Record<string, number>;
}

declare const window: {
  canopy: { room?: Sdk.Room };
  sdk: typeof Sdk;
  client: Sdk.Client;
  worker?: Worker;
  encryption?: Sdk.MediaEncryption;
  /** From the join to the first picture of anyone. */
  firstPictureMs?: number;
  setEpoch(encryption: Sdk.MediaEncryption | undefined, keys: TestKeys & { ownLeaf: number }): void;
};

/** Takes pieces of frames before they are encrypted, keeps the latest, and answers with those it has. */
const TAP = `
  let pieces = [];
  const take = (frame, controller) => {
    const bytes = new Uint8Array(frame.data);
    // The start of a frame is much the same in each.
    for (let at = 12; at + 24 <= bytes.length; at += 200) {
      const piece = bytes.subarray(at, at + 24);
      // Others, such as zeros, may be anywhere.
      if (new Set(piece).size >= 12) {
        pieces.push(Array.from(piece, (byte) => byte.toString(16).padStart(2, '0')).join(''));
      }
    }
    pieces = pieces.slice(-4000);
    controller.enqueue(frame);
  };
  const inner = globalThis.onrtctransform;
  globalThis.onrtctransform = ({ transformer: { readable, writable, options } }) => {
    const tapped = options.side === 'send' ? readable.pipeThrough(new TransformStream({ transform: take })) : readable;
    if (inner) inner({ transformer: { readable: tapped, writable, options } });
    else tapped.pipeTo(writable).catch(() => {});
  };
  const receive = globalThis.onmessage;
  globalThis.onmessage = (event) => {
    if (event.data === 'pieces') globalThis.postMessage({ type: 'pieces', pieces });
    else receive?.(event);
  };
`;

/** Browsers with the SDK, whose pages meet in encrypted rooms. */
export class EncryptedCall {
  readonly browser: TestBrowser;
  readonly #dir: string;
  readonly #server: TestServer;
  #pages: Server | undefined;

  private constructor(server: TestServer, browser: TestBrowser, dir: string) {
    this.#server = server;
    this.browser = browser;
    this.#dir = dir;
  }

  /** @param toneHz what every microphone plays */
  static async open(server: TestServer, toneHz: number): Promise<EncryptedCall> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-encryption-'));
    await bundleOnSdk(dir, "export * from 'canopy-sdk';", 'sdk.js');
    await writeFile(join(dir, 'dist', 'tap.js'), TAP);
    return new EncryptedCall(server, await TestBrowser.launch({ toneHz }), dir);
  }

  /** Opens a page of a new person, who is connected and in no room yet. */
  async person(name: string): Promise<CallMember> {
    const page = await this.browser.page();
    await openWithBundles(page, this.#dir, await this.#server.invite({ role: 'member' }));
    await prepare(page, this.#server.url, name);
    return new CallMember(page, name);
  }

  /** The same in Firefox, with a page from this port, whose origin the server must accept. */
  async personInFirefox(
    firefox: FirefoxBrowser,
    port: number,
    name: string,
  ): Promise<CallMember<FirefoxPage>> {
    this.#pages ??= servePages(this.#dir, port);
    const page = await firefox.page();
    const { hash } = new URL(await this.#server.invite({ role: 'member' }));
    await page.goto(`http://localhost:${port}/${hash}`);
    await prepare(page, this.#server.url, name);
    return new CallMember(page, name);
  }

  async close(): Promise<void> {
    this.#pages?.close();
    await this.browser.close();
    await rm(this.#dir, { recursive: true });
  }
}

/** An empty page, and the bundles of the folder under `/example/`. */
function servePages(dir: string, port: number): Server {
  const server = createServer(async ({ url = '/' }, response) => {
    const isBundle = url.startsWith('/example/');
    response.setHeader('content-type', isBundle ? 'text/javascript' : 'text/html');
    response.end(
      isBundle ? await readFile(join(dir, 'dist', url.slice('/example/'.length))) : '<!doctype html>',
    );
  });
  return server.listen(port, 'localhost');
}

/** Enrols and connects a person whose invitation is in the page's address. */
async function prepare(page: PersonPage, url: string, displayName: string): Promise<void> {
  await page.evaluate(
    async ([url, displayName]) => {
      const sdk = (await import('/example/sdk.js' as string)) as typeof Sdk;
      const invitation = sdk.parseInvitation(location.hash);
      if (!invitation || !sdk.encryptedMediaSupported()) {
        throw new Error('cannot begin');
      }
      const identity = await sdk.enrol({ serverUrl: url, ...invitation, displayName });
      const client = await sdk.connect({ url, identity });
      // Workers are tapped before they do anything.
      const Original = Worker;
      globalThis.Worker = class extends Original {
        constructor(address: string | URL, options?: WorkerOptions) {
          const tap = `import ${JSON.stringify(String(address))}; import ${JSON.stringify(`${location.origin}/example/tap.js`)};`;
          super(URL.createObjectURL(new Blob([tap], { type: 'text/javascript' })), options);
          window.worker = this;
        }
      };
      const bytes = (hex: string) =>
        Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
      const setEpoch: typeof window.setEpoch = (encryption, { epoch, video, audio, members, ownLeaf }) =>
        encryption?.setEpoch({
          groupId: 'group',
          epoch: BigInt(epoch),
          baseKeys: { AES_128_GCM_SHA256_128: bytes(video), AES_128_CTR_HMAC_SHA256_80: bytes(audio) },
          ownLeaf,
          members: new Map(members.entries()),
        });
      Object.assign(window, { sdk, client, canopy: {}, setEpoch });
    },
    [url, displayName] as const,
  );
}

/** Someone in an EncryptedCall. */
export class CallMember<AnyPage extends PersonPage = Page> {
  readonly page: AnyPage;
  readonly name: string;
  participantId = '';
  /** For what any person can do. */
  readonly person: Person<AnyPage>;

  constructor(page: AnyPage, name: string) {
    this.page = page;
    this.name = name;
    this.person = new Person(page, name);
  }

  async enter(entry: Entry): Promise<void> {
    this.participantId = await this.page.evaluate(async ({ roomId, way, keys, tile }) => {
      const { sdk, client } = window;
      const encryption = way === 'encrypted' ? await sdk.openMediaEncryption() : undefined;
      // Adds the tap and nothing else.
      const tap = encryption
        ? undefined
        : new Worker(`${location.origin}/example/tap.js`, { type: 'module' });
      const transforms: Sdk.FrameTransforms = {
        sender: (sender) => {
          if (tap) {
            sender.transform = new RTCRtpScriptTransform(tap, { side: 'send' });
          }
        },
      };
      if (keys) {
        window.setEpoch(encryption, keys);
      }
      const startedAtMs = performance.now();
      const joining = client.join(roomId, encryption ? { encryption } : { transforms });
      const { room } = client;
      if (!room) {
        throw new Error('no room');
      }
      room.on('track', ({ track, kind }) => {
        const element = document.body.appendChild(document.createElement(kind));
        element.autoplay = true;
        element.srcObject = new MediaStream([track]);
        if (element instanceof HTMLVideoElement) {
          element.requestVideoFrameCallback((atMs) => {
            window.firstPictureMs ??= atMs - startedAtMs;
          });
        }
      });
      const show = () => {
        if (tile) {
          const others = [...room.participants.keys()].filter((id) => id !== room.participantId);
          room.setLayout({
            tiles: others.map((participantId) => ({ participantId, source: 'camera', ...tile })),
          });
        }
      };
      room.on('participant-joined', show);
      window.firstPictureMs = undefined;
      await joining;
      show();
      Object.assign(window, { canopy: { room }, encryption });
      return room.participantId ?? '';
    }, entry);
  }

  /** Begins an epoch with keys that the test has chosen. */
  async setEpoch(keys: TestKeys): Promise<void> {
    const ownLeaf = keys.members.indexOf(this.participantId);
    await this.page.evaluate((keys) => window.setEpoch(window.encryption, keys), { ...keys, ownLeaf });
  }

  /** Milliseconds from joining to the first picture of anyone. */
  firstPictureMs(): Promise<number> {
    return eventually(
      'a picture',
      () => this.page.evaluate(() => window.firstPictureMs),
      (ms) => ms !== undefined,
      60_000,
    ) as Promise<number>;
  }

  /** Sends microphone and camera, or a picture that moves as a screen. */
  async send(what: 'microphone' | 'camera' | 'screen', codec?: 'vp8' | 'vp9' | 'h264'): Promise<void> {
    await this.page.evaluate(
      async ({ what, codec }) => {
        const { room } = window.canopy;
        if (what !== 'screen') {
          const media = await window.sdk.openCapture({ [what]: true });
          await Promise.all(media.getTracks().map((track) => room?.publish(track, { codec })));
          return;
        }
        const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
        const context = canvas.getContext('2d');
        let count = 0;
        setInterval(() => {
          count += 1;
          if (context) {
            context.fillStyle = `hsl(${count % 360} 90% 50%)`;
            context.fillRect((count * 7) % 600, 0, 40, 360);
          }
        }, 50);
        const [track] = canvas.captureStream(15).getVideoTracks();
        await (track && room?.publish(track, { source: 'screen', codec }));
      },
      { what, codec },
    );
  }

  /** How everything from others is received, by source. */
  async received(): Promise<Received[]> {
    return this.page.evaluate(async () => {
      const tracks = (await window.encryption?.getTracks()) ?? [];
      const received = (window.canopy.room?.tracks ?? []).map(async (track) => {
        const stats = [...(await track.getStats()).values()].find(({ type }) => type === 'inbound-rtp');
        const { passed = 0, refused = {} } =
          tracks.find(
            ({ direction, source, participantId }) =>
              direction === 'receive' && source === track.source && participantId === track.participantId,
          ) ?? {};
        return {
          source: track.source,
          participantId: track.participantId,
          decoded: stats?.framesDecoded ?? 0,
          height: stats?.frameHeight ?? 0,
          passed,
          refused: refused as Record<string, number>,
        };
      });
      return Promise.all(received);
    });
  }

  /** Waits until a source is received in a certain way. */
  async receives(source: string, what: string, isRight: (received: Received) => boolean): Promise<Received> {
    const all = await eventually(
      `${this.name}: ${source} ${what}`,
      () => this.received(),
      (received) => received.some((track) => track.source === source && isRight(track)),
      PATIENCE_MS,
    );
    return all.find((track) => track.source === source) as Received;
  }

  /** Waits until `frames` more frames of a source have been decoded. */
  async sees(source: string, frames = 10): Promise<void> {
    const before = (await this.received()).find((track) => track.source === source)?.decoded ?? 0;
    await this.receives(source, 'is seen', ({ decoded }) => decoded >= before + frames);
  }

  /** Ends what it sends from a source. */
  async stop(source: string): Promise<void> {
    await this.page.evaluate(async (source) => {
      await window.canopy.room?.publications
        .find((publication) => publication.source === source)
        ?.unpublish();
    }, source);
  }

  /** The codec in which it receives a source. */
  async codecOf(source: string): Promise<string | undefined> {
    return this.page.evaluate(async (source) => {
      const stats = await window.canopy.room?.tracks.find((each) => each.source === source)?.getStats();
      return [...(stats?.values() ?? [])].find(({ type }) => type === 'codec')?.mimeType;
    }, source);
  }

  /** Chooses the spatial layer of a source that it receives. */
  async prefers(source: string, spatialLayer: number): Promise<void> {
    await this.page.evaluate(
      async ([source, spatialLayer]) => {
        const track = window.canopy.room?.tracks.find((each) => each.source === source);
        await track?.setPreferredLayers({ spatialLayer });
      },
      [source, spatialLayer] as const,
    );
  }

  async setReceiving(source: string, receiving: boolean): Promise<void> {
    await this.page.evaluate(
      async ([source, receiving]) => {
        await window.canopy.room?.tracks.find((each) => each.source === source)?.setReceiving(receiving);
      },
      [source, receiving] as const,
    );
  }

  /** What its page could show about the encryption of an encrypted room. */
  async encryption(): Promise<{ state: string; members: number; alarms: string[] } | undefined> {
    return this.page.evaluate(() => {
      const shown = window.canopy.room?.encryption?.state;
      return (
        shown && {
          state: shown.state,
          members: shown.members.length,
          alarms: shown.alarms.map(({ kind, detail = '' }) => `${kind} ${detail}`),
        }
      );
    });
  }

  async leave(): Promise<void> {
    await this.page.evaluate(async () => {
      await window.canopy.room?.leave();
      window.encryption?.close();
    });
  }

  /** Pieces of 24 bytes of the frames that it sent lately, in hex, from before their encryption. */
  async sentPieces(): Promise<string[]> {
    return this.page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          window.worker?.addEventListener('message', ({ data }) => {
            if (data.type === 'pieces') {
              resolve(data.pieces);
            }
          });
          window.worker?.postMessage('pieces');
        }),
    );
  }
}
