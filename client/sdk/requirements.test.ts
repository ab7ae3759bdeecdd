import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { CanopyError } from '../../contract/light.ts';
import { ScriptedServer } from '../../test/support/scripted-server.ts';
import { connect } from './client.ts';
import { enrol } from './identity/index.ts';

describe('an engine that is too old', () => {
  const { withResolvers } = Promise;
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });
  afterEach(async () => {
    Promise.withResolvers = withResolvers;
    await server.close();
  });

  it('is reported by enrol() and connect() before anything is sent', async () => {
    const calls: string[] = [];
    const options = {
      serverUrl: server.url,
      secret: 'any',
      displayName: 'Ada',
      fetch: (async (url, init) => {
        calls.push(String(url));
        return server.fetch(url, init);
      }) satisfies typeof fetch,
    };
    const identity = await enrol(options);
    const before = calls.length;
    Reflect.deleteProperty(Promise, 'withResolvers');
    const refused = (error: CanopyError) => {
      assert.deepEqual([error.code, error.detail], ['UNSUPPORTED_PLATFORM', 'no Promise.withResolvers']);
      return true;
    };
    await assert.rejects(enrol(options), refused);
    await assert.rejects(connect({ url: server.url, identity }), refused);
    assert.deepEqual([calls.length, server.connections], [before, 0]);
  });
});
