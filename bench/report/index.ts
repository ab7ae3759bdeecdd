/** Results as JSON, CSV and one self-contained HTML page. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunData } from '../generator/index.ts';
import { toCsv } from './csv.ts';
import { toHtml } from './html.ts';
import { type Summary, summarize } from './summary.ts';

export { type Figure, type Summary, summarize } from './summary.ts';

/** Writes the report's three files into a folder and gives what it says. */
export async function writeReport(run: RunData, folder: string): Promise<Summary> {
  const summary = summarize(run);
  await mkdir(folder, { recursive: true });
  const base = path.join(folder, summary.name);
  await Promise.all([
    writeFile(`${base}.json`, `${JSON.stringify({ summary, run }, null, 1)}\n`),
    writeFile(`${base}.csv`, toCsv(run)),
    writeFile(`${base}.html`, toHtml(run, summary)),
  ]);
  return summary;
}
