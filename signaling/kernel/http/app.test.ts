import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createLogger } from '../../../base/index.ts';
import { createApp } from './app.ts';

const options = () => ({
  server: createServer(),
  log: createLogger({ level: 'silent', format: 'json' }),
  trustProxy: 0,
  version: '0',
  onError: () => {},
});

it('a request with the JSON content type may have no body; invalid JSON is refused', async () => {
  const app = await createApp(options());
  app.delete('/thing', ({ body }) => ({ body: body ?? null }));
  const send = (payload: string) =>
    app.inject({ method: 'DELETE', url: '/thing', headers: { 'content-type': 'application/json' }, payload });
  const [empty, object, broken] = await Promise.all(['', '{"a":1}', '{"a"'].map(send));
  assert.deepEqual([empty?.statusCode, empty?.json()], [200, { body: null }]);
  assert.deepEqual(object?.json(), { body: { a: 1 } });
  assert.deepEqual([broken?.statusCode, broken?.json().error.code], [400, 'BAD_REQUEST']);
  await app.close();
});

it('the web page is sent compressed, and browsers cache its hashed files permanently', async (t) => {
  const webBundle = await mkdtemp(join(tmpdir(), 'canopy-bundle-'));
  t.after(() => rm(webBundle, { recursive: true }));
  await mkdir(join(webBundle, 'assets'));
  for (const [file, text] of [
    ['index.html', '<p>'],
    ['assets/index-Bb0V_jiS.js', 'plain'],
    ['assets/index-Bb0V_jiS.js.br', 'brotli'],
    ['assets/index-Bb0V_jiS.js.gz', 'gzip'],
  ] as const) {
    await writeFile(join(webBundle, file), text);
  }
  const app = await createApp({ ...options(), webBundle });
  t.after(() => app.close());
  const get = async (url: string, encoding: string) => {
    const { headers, body } = await app.inject({ url, headers: { 'accept-encoding': encoding } });
    return [body, headers['content-encoding'], headers['cache-control'], headers.vary];
  };
  const script = '/assets/index-Bb0V_jiS.js';
  const forGood = 'public, max-age=31536000, immutable';
  assert.deepEqual(await get(script, 'gzip, deflate, br'), ['brotli', 'br', forGood, 'accept-encoding']);
  assert.deepEqual(await get(script, 'gzip'), ['gzip', 'gzip', forGood, 'accept-encoding']);
  assert.deepEqual(await get(script, 'identity'), ['plain', undefined, forGood, 'accept-encoding']);
  assert.deepEqual(await get('/', 'br'), ['<p>', undefined, 'no-cache', 'accept-encoding']);
});

it('other sites may load the module for embedding, and embed the page only where the operator lists them', async (t) => {
  const webBundle = await mkdtemp(join(tmpdir(), 'canopy-bundle-'));
  t.after(() => rm(webBundle, { recursive: true }));
  await writeFile(join(webBundle, 'index.html'), '<p>');
  await writeFile(join(webBundle, 'embed.js'), 'export {}');
  const app = await createApp({ ...options(), webBundle, embedders: ['https://intranet.example'] });
  t.after(() => app.close());
  const get = async (url: string) => (await app.inject({ url })).headers;
  const [page, creation, script] = await Promise.all(['/', '/create-meeting', '/embed.js'].map(get));
  assert.match(
    String(page?.['content-security-policy']),
    /frame-ancestors 'self' https:\/\/intranet\.example;/,
  );
  assert.equal(page?.['cross-origin-opener-policy'], 'same-origin');
  assert.equal(creation?.['cross-origin-opener-policy'], 'unsafe-none');
  assert.equal(script?.['access-control-allow-origin'], '*');
  assert.equal(script?.['cross-origin-resource-policy'], 'cross-origin');
  assert.equal(page?.['access-control-allow-origin'], undefined);
});

it("a browser that requests a room's name is redirected to the room, a program is not", async (t) => {
  const app = await createApp(options());
  t.after(() => app.close());
  const html = { accept: 'text/html,application/xhtml+xml' };
  const get = async (url: string, headers: Record<string, string> = html) => {
    const { statusCode, headers: answer } = await app.inject({ url, headers });
    return [statusCode, answer.location];
  };
  assert.deepEqual(await get('/team?x=1'), [302, '/#/room/team']);
  assert.deepEqual(await get('/%D1%81%D0%BE%D0%B2%D0%B5%D1%82'), [
    302,
    '/#/room/%D1%81%D0%BE%D0%B2%D0%B5%D1%82',
  ]);
  for (const url of ['/a/b', '//evil.example', '/%2F%2Fevil.example', '/a%20b', '/%E0%A4%A', '/team.php']) {
    assert.match(String((await get(url))[0]), /^40[04]$/, url);
  }
  assert.deepEqual(await get('/team', { accept: 'application/json' }), [404, undefined]);
});

it('threat 25: limits per address apply to the client behind a proxy, not to addresses it forges in the header', async (t) => {
  for (const { trustProxy, header, status } of [
    { trustProxy: 0, header: (turn: number) => `198.51.100.${turn}`, status: 429 },
    {
      trustProxy: 1,
      header: (turn: number) => `198.51.100.${turn}, 192.0.2.1:${50_000 + turn}`,
      status: 429,
    },
    { trustProxy: 1, header: (turn: number) => `198.51.100.${turn}, [2001:db8::${turn}]:443`, status: 429 },
    { trustProxy: 1, header: (turn: number) => `192.0.2.1, 198.51.100.${turn}`, status: 200 },
    { trustProxy: 2, header: (turn: number) => `192.0.2.1, 198.51.100.${turn}, 10.0.0.2`, status: 200 },
  ]) {
    const app = await createApp({ ...options(), trustProxy });
    t.after(() => app.close());
    app.get('/thing', { config: { rateLimit: { max: 2, timeWindow: '1 minute' } } }, () => ({}));
    const statuses: number[] = [];
    for (const turn of [1, 2, 3]) {
      const headers = { 'x-forwarded-for': header(turn) };
      statuses.push((await app.inject({ url: '/thing', headers })).statusCode);
    }
    assert.deepEqual(statuses, [200, 200, status], `${trustProxy} ${header(1)}`);
  }
});
