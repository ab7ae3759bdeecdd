import assert from 'node:assert/strict';
import { type LinkProfile, UdpRelay } from '../../bench/index.ts';
import { TestBrowser } from './browser.ts';
import { HeadlessPerson } from './headless-person.ts';
import { Person } from './person.ts';
import { TestServer } from './server.ts';

const ROOM = 'team';
/** Address of the relay, which the server announces for media. */
const RELAY_ADDRESS = '127.0.0.2';
const SERVER_ADDRESS = '127.0.0.1';

/**
 * A room with people in browsers behind a shaped network, each with their own link, and people without browsers on a perfect network.
 */
export class ShapedRoom {
  readonly server: TestServer;
  readonly relay: UdpRelay;
  readonly browser: TestBrowser;
  readonly #rtcPort: number;

  private constructor(server: TestServer, relay: UdpRelay, browser: TestBrowser, rtcPort: number) {
    this.server = server;
    this.relay = relay;
    this.browser = browser;
    this.#rtcPort = rtcPort;
  }

  static async open({
    toneHz = 440,
    up = {},
    down = {},
  }: {
    toneHz?: number;
    up?: LinkProfile;
    down?: LinkProfile;
  } = {}): Promise<ShapedRoom> {
    const server = await TestServer.start({ flags: ['--workers', '1', '--announce', RELAY_ADDRESS] });
    const port = (await server.metrics()).get('canopy_worker_rtc_port{worker="0"}');
    assert.ok(port);
    const relay = await UdpRelay.create({
      listen: { address: RELAY_ADDRESS, port },
      upstream: { address: SERVER_ADDRESS, port },
      up: [{ atMs: 0, profile: up }],
      down: [{ atMs: 0, profile: down }],
    });
    return new ShapedRoom(server, relay, await TestBrowser.launch({ toneHz }), port);
  }

  /** Adds a person in a browser, behind the shaped network. */
  person(name: string): Promise<Person> {
    return Person.invited(this.browser, this.server, name, ROOM);
  }

  /** Adds a person without a browser, on the perfect network. */
  headless(): Promise<HeadlessPerson> {
    const address = { address: SERVER_ADDRESS, port: this.#rtcPort };
    return HeadlessPerson.enter(this.server, ROOM, { address });
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.relay.close();
    await this.server.close();
  }
}
