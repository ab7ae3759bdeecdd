import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type * as Sdk from '../client/sdk/index.ts';
import { TestBrowser } from './support/browser.ts';
import { bundleOnSdk, openWithBundles } from './support/sdk-bundle.ts';
import { TestServer } from './support/server.ts';
import { eventually } from './support/wait.ts';

/**
 * How a page transforms frames: with either of the two APIs, not at all, or with hooks that throw: each sender’s first one (`fails`), or
 * receivers’ hooks for video (`blind`).
 */
type Way = 'script' | 'streams' | 'none' | 'fails' | 'blind';

interface Seen {
  /** Frames that passed receivers' transforms, and how many of them no sender had transformed. */
  transformed: number;
  bare: number;
  decoded: number;
  received: number;
  /** Received audio packets. */
  heard: number;
  kinds: string[];
  /** Errors that the room reported, as the messages thrown. */
  errors: string[];
}

/** Trailer that a sender's transform appends to each frame. */
const MARK = [0xca, 0x90, 0x91, 0x11];

/**
 * A module for the worker of `RTCRtpScriptTransform`, and for pages with `createEncodedStreams()`. It leaves the first byte unchanged,
 * which tells the SFU which frames are key frames.
 */
const TRANSFORMS = `
  const mark = ${JSON.stringify(MARK)};
  export const counts = { transformed: 0, bare: 0 };
  function flip(bytes) {
    for (let i = 1; i < bytes.length; i += 1) bytes[i] ^= 0x5a;
    return bytes;
  }
  const change = {
    send: (data) => new Uint8Array([...flip(new Uint8Array(data)), ...mark]).buffer,
    receive(data) {
      const bytes = new Uint8Array(data);
      counts.transformed += 1;
      if (!mark.every((byte, i) => bytes.at(i - mark.length) === byte)) counts.bare += 1;
      return flip(bytes.slice(0, -mark.length)).buffer;
    },
  };
  export function run(side, { readable, writable }) {
    const transform = (frame, controller) => {
      frame.data = change[side](frame.data);
      controller.enqueue(frame);
    };
    readable.pipeThrough(new TransformStream({ transform })).pipeTo(writable).catch(() => {});
  }
  if (globalThis.window === undefined) {
    globalThis.onrtctransform = ({ transformer }) => run(transformer.options.side, transformer);
    globalThis.onmessage = () => postMessage(counts);
  }
`;

describe('transforms of encoded frames', () => {
  let dir: string;
  let server: TestServer;
  let browser: TestBrowser;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'canopy-transforms-'));
    await bundleOnSdk(dir, "export * from 'canopy-sdk';", 'sdk.js');
    await writeFile(join(dir, 'dist', 'transforms.js'), TRANSFORMS);
    [server, browser] = await Promise.all([TestServer.start(), TestBrowser.launch()]);
  });

  after(async () => {
    await browser.close();
    await server.close();
    await rm(dir, { recursive: true });
  });

  /** Joins a room as one person, who sends camera and microphone or only receives. */
  async function enter(roomId: string, invitation: string, way: Way, sends: boolean): Promise<Page> {
    const page = await browser.page();
    await openWithBundles(page, dir, invitation);
    await page.evaluate(
      async ({ roomId, way, sends }) => {
        const sdk = (await import('/example/sdk.js' as string)) as typeof Sdk;
        const inPage = await import('/example/transforms.js' as string);
        const worker = new Worker('/example/transforms.js', { type: 'module' });
        const attach = (side: 'send' | 'receive', end: RTCRtpSender | RTCRtpReceiver) => {
          if (way === 'script') {
            end.transform = new RTCRtpScriptTransform(worker, { side });
          } else {
            // biome-ignore lint/suspicious/noExplicitAny: Chromium's own interface is in no type
            inPage.run(side, (end as any).createEncodedStreams());
          }
        };
        const counts = async (): Promise<object> => {
          if (way !== 'script') {
            return inPage.counts;
          }
          const answer = new Promise<object>((resolve) => {
            worker.onmessage = ({ data }) => resolve(data);
          });
          worker.postMessage('');
          return answer;
        };
        const url = location.origin;
        const invitation = sdk.parseInvitation(location.hash);
        if (!invitation) {
          throw new Error('no invitation');
        }
        const identity = await sdk.enrol({ serverUrl: url, ...invitation, displayName: 'Ada' });
        const client = await sdk.connect({ url, identity });
        let mayFail = false;
        const transforms: Sdk.FrameTransforms = {
          sender: (sender) => {
            if (mayFail) {
              throw new Error('no key');
            }
            if (way !== 'fails') {
              attach('send', sender);
            }
          },
          receiver: (receiver, { kind }) => {
            if (way !== 'blind') {
              attach('receive', receiver);
            } else if (kind === 'video') {
              throw new Error('no key');
            }
          },
          encodedInsertableStreams: way === 'streams',
        };
        const room = await client.join(roomId, way === 'none' ? {} : { transforms });
        room.on('track', ({ track, kind }) => {
          const element = document.body.appendChild(document.createElement(kind));
          element.autoplay = true;
          element.srcObject = new MediaStream([track]);
        });
        const errors: unknown[] = [];
        room.on('error', ({ code, cause }) => errors.push(cause instanceof Error ? cause.message : code));
        Object.assign(globalThis, {
          seen: async () => {
            const inbound = async (of: string) => {
              const stats = await room.tracks.find(({ kind }) => kind === of)?.getStats();
              return [...(stats ?? new Map()).values()].find(({ type }) => type === 'inbound-rtp') ?? {};
            };
            const { framesDecoded = 0, framesReceived = 0 } = await inbound('video');
            const { packetsReceived = 0 } = await inbound('audio');
            return {
              ...(await counts()),
              decoded: framesDecoded,
              received: framesReceived,
              heard: packetsReceived,
              kinds: room.tracks.map(({ kind }) => kind),
              errors,
            };
          },
        });
        if (!sends) {
          return;
        }
        const media = await sdk.openCapture({ camera: true, microphone: true });
        for (const track of media.getTracks()) {
          mayFail = way === 'fails';
          const isRefused =
            mayFail && (await room.publish(track).then(Boolean, () => 'refused')) === 'refused';
          if (isRefused !== mayFail) {
            throw new Error('it was published without its transform');
          }
          mayFail = false;
          await room.publish(track, { simulcast: false });
        }
      },
      { roomId, way, sends },
    );
    return page;
  }

  const seen = (page: Page): Promise<Seen> =>
    page.evaluate(() => (globalThis as unknown as { seen(): Promise<Seen> }).seen());

  it('work from the first frame on both sides, and a receiver without them decodes nothing', async () => {
    await enter('secret', server.firstInvitation, 'script', true);
    const ways: Way[] = ['script', 'streams', 'none'];
    const [script, streams, none] = (await Promise.all(
      ways.map(async (way) => enter('secret', await server.invite({ role: 'member' }), way, false)),
    )) as [Page, Page, Page];
    for (const page of [script, streams]) {
      const { transformed, bare, decoded } = await eventually(
        'video is decoded',
        () => seen(page),
        (now) => now.decoded >= 10,
        60_000,
      );
      assert.equal(bare, 0);
      assert.ok(transformed >= decoded, `${decoded} decoded, ${transformed} transformed`);
    }
    const { decoded } = await eventually(
      'frames are received',
      () => seen(none),
      ({ received }) => received >= 10,
      60_000,
    );
    assert.equal(decoded, 0);
    assert.deepEqual(browser.problems, []);
  });

  it('end a publication whose hook throws before any frame is sent, and no others', async () => {
    const sender = await enter('fails', await server.invite({ role: 'member' }), 'fails', true);
    const receiver = await enter('fails', await server.invite({ role: 'member' }), 'none', false);
    await eventually(
      'video is decoded',
      () => seen(receiver),
      ({ decoded }) => decoded >= 10,
      60_000,
    );
    await sender.close();
    assert.deepEqual(browser.problems, []);
  });

  it('drop a track whose receiver hook throws, and no others', async () => {
    await enter('blind', await server.invite({ role: 'member' }), 'none', true);
    const receiver = await enter('blind', await server.invite({ role: 'member' }), 'blind', false);
    const { kinds, errors } = await eventually(
      'audio is received and the failure reported',
      () => seen(receiver),
      (now) => now.heard >= 10 && now.errors.length > 0,
      60_000,
    );
    assert.deepEqual({ kinds, errors }, { kinds: ['audio'], errors: ['no key'] });
    assert.deepEqual(browser.problems, []);
  });
});
