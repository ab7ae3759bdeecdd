import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { it } from 'node:test';
import { createLogger } from '../../base/index.ts';
import { createApp } from './app.ts';

it('a request that names JSON as its type may have no body; one that is no JSON is refused', async () => {
  const app = await createApp({
    server: createServer(),
    log: createLogger({ level: 'silent', format: 'json' }),
    trustProxy: false,
    version: '0',
    onError: () => {},
  });
  app.delete('/thing', ({ body }) => ({ body: body ?? null }));
  const send = (payload: string) =>
    app.inject({ method: 'DELETE', url: '/thing', headers: { 'content-type': 'application/json' }, payload });
  const [empty, object, broken] = await Promise.all(['', '{"a":1}', '{"a"'].map(send));
  assert.deepEqual([empty?.statusCode, empty?.json()], [200, { body: null }]);
  assert.deepEqual(object?.json(), { body: { a: 1 } });
  assert.deepEqual([broken?.statusCode, broken?.json().error.code], [400, 'BAD_REQUEST']);
  await app.close();
});
