import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { freePort } from '../../../test/support/programs.ts';

/** The status of a request for the metrics, without and with a secret. */
async function statuses(url: string, secrets: string[]): Promise<number[]> {
  const headers = [{}, ...secrets.map((secret) => ({ authorization: `Bearer ${secret}` }))];
  return Promise.all(headers.map(async (each) => (await fetch(`${url}/metrics`, { headers: each })).status));
}

async function secretsOf(server: InProcessServer): Promise<string[]> {
  const tokenFor = async (scope: string) => {
    const { body } = await server.api('POST', '/api/tokens', { name: scope, scopes: [scope] });
    return (body as { token: string }).token;
  };
  const key = readFileSync(join(server.dataDir, 'api.key'), 'utf8').trim();
  return ['wrong', await tokenFor('rooms:read'), await tokenFor('metrics:read'), key];
}

describe('access to the metrics', () => {
  it('threat 69: with metrics.access token, only the key and tokens with the scope read them', async () => {
    const server = await InProcessServer.start({ 'metrics.access': 'token' });
    try {
      assert.deepEqual(await statuses(server.url, await secretsOf(server)), [401, 401, 401, 200, 200]);
    } finally {
      await server.close();
    }
  });

  it('with metrics.port they are on a port of their own, and nothing else is', async () => {
    const port = await freePort();
    const server = await InProcessServer.start({ 'metrics.port': port });
    try {
      const url = `http://127.0.0.1:${port}`;
      assert.deepEqual(await statuses(server.url, []), [404]);
      assert.match(await (await fetch(`${url}/metrics`)).text(), /^canopy_objects\{kind="rooms"\} 0$/m);
      assert.equal((await fetch(`${url}/api/server`)).status, 404);
    } finally {
      await server.close();
    }
  });

  it('both together ask for a token on the port of its own', async () => {
    const port = await freePort();
    const server = await InProcessServer.start({ 'metrics.port': port, 'metrics.access': 'token' });
    try {
      const url = `http://127.0.0.1:${port}`;
      assert.deepEqual(await statuses(url, await secretsOf(server)), [401, 401, 401, 200, 200]);
    } finally {
      await server.close();
    }
  });
});
