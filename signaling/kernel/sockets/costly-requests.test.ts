import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

/** A joiner: it might be part of an emoji, so it takes long to decide. */
const JOINER = '\u200d';

describe('threat 4: requests that take long to check', () => {
  let server: InProcessServer;
  before(async () => {
    server = await InProcessServer.start();
  });
  after(() => server.close());

  /** Sends a request 150 times at once. Returns the codes of the answers, and how much of this process’s time that took, in milliseconds. */
  const flood = async (name: string, data: object) => {
    const eve = await ProtocolClient.enter(server.url, await newIdentity(server));
    const before = process.cpuUsage();
    const answers = await Promise.all(Array.from({ length: 150 }, () => eve.ask(name, data)));
    const { user, system } = process.cpuUsage(before);
    eve.close();
    return {
      codes: [...new Set(answers.map((answer) => (answer.ok ? 'ok' : answer.error.code)))].sort(),
      tookMs: (user + system) / 1000,
    };
  };

  it('a text that is too long is refused before it is cleaned', async () => {
    const { codes, tookMs } = await flood('room.join', {
      roomId: 'team',
      displayName: JOINER.repeat(80_000),
    });
    assert.deepEqual(codes, ['BAD_REQUEST']);
    // It took 6 s.
    assert.ok(tookMs < 3000, `${tookMs} ms`);
  });
});
