import { get } from 'node:http';
import type { Page } from 'playwright-core';

/** Goal for what the page loads before it shows anything, in bytes with gzip. */
export const FIRST_LOAD_BYTES = 150 * 1024;

/** What a page in Chromium loaded before it showed anything, without the document itself. */
export interface FirstLoad {
  /** With gzip, the document included. */
  bytes: number;
  urls: string[];
}

/** Measures it by asking the server for the same files again, over HTTP. */
export async function firstLoad(page: Page): Promise<FirstLoad> {
  const urls = await page.evaluate(() => {
    const [{ startTime: shownMs = 0 } = {}] = performance.getEntriesByName('first-contentful-paint');
    return performance
      .getEntriesByType('resource')
      .filter(({ startTime }) => startTime < shownMs)
      .map(({ name }) => name);
  });
  const sizes = await Promise.all([new URL(page.url()).origin, ...urls].map((url) => compressedSize(url)));
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), urls };
}

/** Bytes of a response's body on the wire, with gzip. */
function compressedSize(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes));
    }).on('error', reject);
  });
}
