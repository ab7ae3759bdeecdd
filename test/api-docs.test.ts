import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestBrowser } from './support/browser.ts';
import { TestServer } from './support/server.ts';

interface Operation {
  tags?: string[];
  summary?: string;
  security?: unknown[];
}

describe('the API page', () => {
  let server: TestServer;
  let browser: TestBrowser;
  before(async () => {
    [server, browser] = await Promise.all([TestServer.start(), TestBrowser.launch()]);
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  it('shows each route’s section, purpose and whether it needs a key', async () => {
    const answer = await fetch(`${server.url}/api/docs/json`);
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, Operation>> };
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { tags, summary, security }] of Object.entries(methods)) {
        assert.ok(tags?.length === 1 && summary, `${method} ${path}`);
        // Endpoints that need no key answer without one; those of files and exports need a ticket.
        const open =
          /^\/(?!api)|^\/api\/(server|enrol|links\/open|files|export|(shared-)?recordings\/(\{|open))/.test(
            path,
          );
        assert.equal(security === undefined, open, `${method} ${path}`);
      }
    }
  });

  it('accepts the key and calls a route with it', async () => {
    const page = await browser.page();
    await page.goto(`${server.url}/api/docs`);
    assert.equal(await page.title(), 'Canopy API');
    await page.getByRole('button', { name: 'Authorize' }).click();
    await page.locator('.modal-ux input').fill(readFileSync(join(server.dataDir, 'api.key'), 'utf8').trim());
    await page.locator('.modal-ux button.authorize').click();
    await page.locator('.modal-ux button.btn-done').click();
    const route = page.locator('#operations-Accounts-get_api_accounts');
    await route.click();
    await route.getByRole('button', { name: 'Try it out' }).click();
    await route.getByRole('button', { name: 'Execute' }).click();
    await route.locator('.live-responses-table .response-col_status', { hasText: '200' }).first().waitFor();
  });
});
