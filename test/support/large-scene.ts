import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { srtpProfileName, srtpProfileOf, UdpRelay } from '../../bench/index.ts';
import { TestBrowser } from './browser.ts';
import { FirefoxBrowser, type FirefoxPage } from './firefox.ts';
import { Person, type PersonPage } from './person.ts';
import { TestServer } from './server.ts';
import { type ShownFrame, Viewer } from './viewer.ts';
import { eventually } from './wait.ts';

const LARGE = { width: 1280, height: 720 };
const MEDIUM = { width: 640, height: 360 };
/** The media address that the server announces. */
const RELAY_ADDRESS = '127.0.0.2';
const SERVER_ADDRESS = '127.0.0.1';
const QUEUE_MS = 300;
const DELAY_MS = 10;

export type SenderBrowser = 'Chromium' | 'Firefox';

/** A non-loopback address of this machine, which Firefox needs; packets to it stay local. Undefined if there is none. */
export function ownAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

/** Names of the SRTP profiles that are negotiated through a relay from now on, whoever is the DTLS server. */
function chosenProfiles(relay: UdpRelay): ReadonlySet<string> {
  const names = new Set<string>();
  relay.filter = (packet) => {
    const profile = srtpProfileOf(packet);
    if (profile !== undefined) {
      names.add(srtpProfileName(profile));
    }
    return true;
  };
  return names;
}

/** A sender with a real browser's camera behind a shaped uplink, and a viewer in Chromium. */
export class LargeScene {
  readonly sender: Person<PersonPage>;
  readonly view: Viewer;
  /** SRTP protection profiles that were negotiated, of Chromium and, if it takes part, of Firefox. */
  readonly srtpProfiles: ReadonlyArray<ReadonlySet<string>>;
  readonly #server: TestServer;
  readonly #relays: UdpRelay[];
  readonly #chromium: TestBrowser;
  readonly #firefox: FirefoxBrowser | undefined;
  readonly #senderId: string;

  private constructor(
    parts: {
      server: TestServer;
      relays: UdpRelay[];
      srtpProfiles: ReadonlyArray<ReadonlySet<string>>;
      chromium: TestBrowser;
      firefox?: FirefoxBrowser | undefined;
    },
    { sender, view, senderId }: { sender: Person<PersonPage>; view: Viewer; senderId: string },
  ) {
    this.#server = parts.server;
    this.#relays = parts.relays;
    this.srtpProfiles = parts.srtpProfiles;
    this.#chromium = parts.chromium;
    this.#firefox = parts.firefox;
    this.sender = sender;
    this.view = view;
    this.#senderId = senderId;
  }

  static async open(kind: SenderBrowser): Promise<LargeScene> {
    const server = await TestServer.start({ flags: ['--workers', '1', '--announce', RELAY_ADDRESS] });
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
    assert.ok(port);
    const upstream = { address: SERVER_ADDRESS, port };
    const relays = [await UdpRelay.create({ listen: { address: RELAY_ADDRESS, port }, upstream })];
    const address = ownAddress();
    if (kind === 'Firefox' && address) {
      relays.push(await UdpRelay.create({ listen: { address, port: 0 }, upstream }));
    }
    const srtpProfiles = relays.map(chosenProfiles);
    const [chromium, firefox] = await Promise.all([
      TestBrowser.launch(),
      kind === 'Firefox' ? FirefoxBrowser.launch(relays[1]?.address ?? upstream) : undefined,
    ]);
    const parts = { server, relays, srtpProfiles, chromium, firefox };
    const sender: Person<PersonPage> = await Person.invited<PersonPage>(firefox ?? chromium, server, 'Sam');
    const viewer = await Person.invited(chromium, server, 'Vera');
    // The viewer's own video would fill the shaped link, too.
    await viewer.click('camera');
    await viewer.sees('Sam');
    const senderId = await (await Viewer.of(sender)).participantId();
    return new LargeScene(parts, { sender, view: await Viewer.of(viewer), senderId });
  }

  /** Limits the sender's uplink, in kbit/s. */
  shapeUplink(kbps: number): void {
    const up = { rateBps: kbps * 1000, queueMs: QUEUE_MS, delayMs: DELAY_MS };
    for (const relay of this.#relays) {
      relay.shape({ up });
    }
  }

  /** Shows the sender in a medium tile and waits until the video has 360 lines. */
  async showMedium(): Promise<void> {
    const sinceMs = await this.view.shows([{ participantId: this.#senderId, ...MEDIUM }]);
    await this.view.sees(this.#senderId, 'video of 360 lines', (lines) => lines === 360, sinceMs);
  }

  /** Shows the sender large. Returns the page's time. */
  showLarge(): Promise<number> {
    return this.view.shows([{ participantId: this.#senderId, ...LARGE }]);
  }

  /** Waits until the video has this many lines. Returns the time since `sinceMs`, in milliseconds. */
  async untilLines(lines: number, sinceMs: number, milliseconds: number): Promise<number> {
    const isRight = (height: number) => height >= lines;
    const { afterMs } = await this.view.sees(
      this.#senderId,
      `video of ${lines} lines`,
      isRight,
      sinceMs,
      milliseconds,
    );
    return afterMs;
  }

  /** All frames shown since then. */
  framesSince(sinceMs: number): Promise<ShownFrame[]> {
    return this.view.frames(this.#senderId, sinceMs);
  }

  /** Heights of all frames shown since then. */
  async linesSince(sinceMs: number): Promise<number[]> {
    return (await this.framesSince(sinceMs)).map(({ height }) => height);
  }

  /** Heights of all frames shown in the last `milliseconds`. */
  async linesOfLast(milliseconds: number): Promise<number[]> {
    return this.linesSince((await this.view.nowMs()) - milliseconds);
  }

  /** Another person in the sender's Firefox, who shows the sender large. */
  async firefoxViewer(): Promise<Person<FirefoxPage>> {
    assert.ok(this.#firefox);
    const viewer = await Person.invited(this.#firefox, this.#server, 'Fay');
    await viewer.click('camera');
    const view = await Viewer.of(viewer);
    await view.shows([{ participantId: this.#senderId, ...LARGE }]);
    return viewer;
  }

  async #reason(): Promise<string | undefined> {
    const { receivers } = await this.#server.api<{
      receivers: Array<{ tiles: Array<{ widthPx: number; reason: string }> }>;
    }>('GET', '/api/rooms/team/allocation');
    return receivers.flatMap(({ tiles }) => tiles).find(({ widthPx }) => widthPx === LARGE.width)?.reason;
  }

  /** Waits until this reason limits what the viewer receives. */
  untilReason(reason: string): Promise<string | undefined> {
    return eventually(
      `the reason is ${reason}`,
      () => this.#reason(),
      (seen) => seen === reason,
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.#chromium.close(), this.#firefox?.close()]);
    for (const relay of this.#relays) {
      relay.close();
    }
    await this.#server.close();
  }
}
