import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { TestServer } from '../support/server.ts';

const REQUESTS = 1_000;
const AT_ONCE = 50;

describe('threat 69: a flood of requests for /metrics', () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  it('threat 69: gets at most ten pages per second, and the operator with the key gets a fresh one', async () => {
    const statuses: number[] = [];
    const one = async () => {
      while (statuses.length < REQUESTS) {
        const response = await fetch(`${server.url}/metrics`);
        await response.arrayBuffer();
        statuses.push(response.status);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    const answered = statuses.filter((status) => status === 200).length;
    assert.ok(answered > 0 && answered <= 600, `${answered} answered with a page`);
    assert.equal(statuses.filter((status) => status === 429).length, statuses.length - answered);
    assert.ok((await server.metrics()).has('canopy_objects{kind="rooms"}'));
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  });
});
