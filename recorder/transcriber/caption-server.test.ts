import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { createLogger } from '../../base/index.ts';
import { type HeardText, SAMPLE_RATE, ServiceConnection } from '../captions/index.ts';
import { CaptionServer } from './caption-server.ts';
import type { Recogniser } from './recogniser.ts';

const SECRET = 'a secret';
const START = { type: 'start', format: { encoding: 'pcm_s16le', sampleRate: SAMPLE_RATE, channels: 1 } };

/** Instead of words it says how many samples it has heard, and the loudest. */
const counting: Recogniser = {
  stream(heard) {
    let samples = 0;
    let loudest = 0;
    const say = (isFinal: boolean) => heard({ text: `${samples} ${loudest}`, isFinal });
    return {
      take(more) {
        samples += more.length;
        loudest = Math.max(loudest, ...more);
        say(false);
      },
      end: () => say(true),
    };
  },
};

describe('the caption server', () => {
  let server: CaptionServer;
  let url: string;

  before(async () => {
    const log = createLogger({ level: 'silent', format: 'json' });
    const where = { host: '127.0.0.1', port: 0, secret: SECRET };
    server = await CaptionServer.start({ recogniser: counting, ...where, maxVoices: 1, log });
    url = `ws://127.0.0.1:${server.port}`;
  });
  after(() => server.close());

  /** A bare connection, open or refused. */
  async function dial(authorization = `Bearer ${SECRET}`): Promise<WebSocket> {
    const socket = new WebSocket(url, { headers: { authorization } });
    await once(socket, 'open');
    return socket;
  }
  const closed = async (socket: WebSocket): Promise<number> => (await once(socket, 'close'))[0];

  it('answers what Canopy sends, until the voice ends', async () => {
    const heard: HeardText[] = [];
    const texts = Promise.withResolvers<void>();
    const connection = new ServiceConnection({
      service: { url, secret: SECRET },
      voice: { roomId: 'team', participantId: 'ann', displayName: 'Ann', language: 'en' },
      heard(text) {
        heard.push(text);
        if (text.isFinal) {
          texts.resolve();
        } else {
          connection.close();
        }
      },
      failed: (reason) => texts.reject(new Error(reason)),
    });
    // Samples are left out while the connection opens.
    const timer = setInterval(() => connection.send(Int16Array.of(0, 16_384)), 20);
    await texts.promise.finally(() => clearInterval(timer));
    assert.ok(heard.length >= 2);
    const [samples, loudest] = heard.at(-1)?.text.split(' ').map(Number) ?? [];
    assert.ok(samples !== undefined && samples >= 2 && samples % 2 === 0);
    assert.equal(loudest, 0.5);
  });

  it('refuses other secrets, and more voices than it may recognise', async () => {
    await assert.rejects(dial('Bearer another'), /401/);
    await assert.rejects(dial(''), /401/);
    const first = await dial();
    assert.equal(await closed(await dial()), 1013);
    first.close();
    await closed(first);
  });

  it('gives the place of a sender that no longer answers pings to the next voice', async () => {
    const log = createLogger({ level: 'silent', format: 'json' });
    const where = { host: '127.0.0.1', port: 0, secret: undefined };
    const small = await CaptionServer.start({
      recogniser: counting,
      ...where,
      maxVoices: 1,
      log,
      pingMs: 200,
    });
    try {
      const dead = new WebSocket(`ws://127.0.0.1:${small.port}`, { autoPong: false });
      assert.equal(await closed(dead), 1006);
      const next = new WebSocket(`ws://127.0.0.1:${small.port}`);
      await once(next, 'open');
      await once(next, 'ping');
      next.terminate();
    } finally {
      await small.close();
    }
  });

  it('hears nothing after the end of a voice', async () => {
    const socket = await dial();
    const texts: string[] = [];
    socket.on('message', (data) => texts.push(JSON.parse(String(data)).text));
    for (const message of [JSON.stringify(START), Buffer.alloc(4), '{"type":"end"}', Buffer.alloc(2)]) {
      socket.send(message);
    }
    await closed(socket);
    assert.deepEqual(texts, ['2 0', '2 0']);
  });

  for (const [what, messages] of Object.entries({
    'sound before the start': [Buffer.alloc(2)],
    'half a sample': [JSON.stringify(START), Buffer.alloc(3)],
    'another format': [JSON.stringify({ ...START, format: { ...START.format, channels: 2 } })],
    'no JSON': ['{'],
    'two starts': [JSON.stringify(START), JSON.stringify(START)],
  })) {
    it(`ends a connection that sends ${what}`, async () => {
      const socket = await dial();
      for (const message of messages) {
        socket.send(message);
      }
      assert.equal(await closed(socket), 1002);
    });
  }
});
