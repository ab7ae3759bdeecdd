import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { build } from 'vite';

const SDK = fileURLToPath(new URL('../../client/sdk/index.ts', import.meta.url));

/** Bundles a module that imports `canopy-sdk`, as an app would, into `dist` below the folder. */
export async function bundleOnSdk(dir: string, source: string, fileName: string): Promise<void> {
  const entry = join(dir, 'entry.js');
  await writeFile(entry, source);
  await build({
    configFile: false,
    root: dir,
    base: './',
    logLevel: 'error',
    resolve: { alias: { 'canopy-sdk': SDK } },
    build: {
      outDir: 'dist',
      target: 'es2023',
      lib: { entry, formats: ['es'], fileName: () => fileName },
    },
  });
}

/** Opens an empty page of the server's origin that finds the bundles of the folder under `/example/`. */
export async function openWithBundles(page: Page, dir: string, invitation: string): Promise<void> {
  await page.route('**/example/**', async (route) => {
    const file = join(dir, 'dist', new URL(route.request().url()).pathname.replace('/example/', ''));
    await route.fulfill({ contentType: 'text/javascript', body: await readFile(file) });
  });
  const { origin, hash } = new URL(invitation);
  await page.goto(`${origin}/healthz${hash}`);
}
