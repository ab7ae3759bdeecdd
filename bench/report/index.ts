/** Results as JSON, CSV and one self-contained HTML page. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunData } from '../generator/index.ts';
import { csvTable, toCsv } from './csv.ts';
import { environment } from './environment.ts';
import { renderPage, toHtml } from './html.ts';
import type { Figure } from './numbers.ts';
import { type Summary, summarize } from './summary.ts';

export { csvTable } from './csv.ts';
export { environment } from './environment.ts';
export { type PageParts, renderPage } from './html.ts';
export type { Figure } from './numbers.ts';
export { quantile, round } from './numbers.ts';
export { linePlot, type Series } from './plot.ts';
export { printSummary } from './print.ts';
export { machineFigures, machineTraps, type Summary, summarize } from './summary.ts';

/** Writes the report's three files into a folder and returns the summary. */
export async function writeReport(run: RunData, folder: string): Promise<Summary> {
  const summary = summarize(run);
  await writeFiles(folder, summary, { run, csv: toCsv(run), html: toHtml(run, summary) });
  return summary;
}

/** A run with figures but nothing to plot. */
export interface FiguresRun {
  name: string;
  description: string;
  startedAt: Date;
  headline: Figure[];
  details: Figure[];
  notMeasured: readonly string[];
  traps: string[];
  /** Whether every goal was met. */
  met: boolean;
  /** The measurements themselves, for the JSON. */
  measured?: unknown;
}

/** Writes the report of such a run. */
export async function writeFiguresReport(run: FiguresRun, folder: string): Promise<Summary> {
  const { name, description, headline, details, notMeasured, traps, met } = run;
  const summary: Summary = {
    name,
    description,
    startedAt: run.startedAt.toISOString(),
    environment: environment(),
    invalid: [],
    complete: met,
    headline,
    details,
    traps,
  };
  const rows = [...headline, ...details].map(({ label, value, goal = '' }) => [label, value, goal]);
  const claim = met ? 'Every goal was met in this run.' : 'A goal was missed in this run.';
  await writeFiles(folder, summary, {
    run,
    csv: csvTable([['figure', 'value', 'goal'], ...rows]),
    html: renderPage(summary, { plots: '', notMeasured, claim }),
  });
  return summary;
}

/** Writes a report of any kind: JSON, CSV and HTML under the summary's name. */
export async function writeFiles(
  folder: string,
  summary: Summary,
  { run, csv, html }: { run: unknown; csv: string; html: string },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const base = path.join(folder, summary.name);
  await Promise.all([
    writeFile(`${base}.json`, `${JSON.stringify({ summary, run }, null, 1)}\n`),
    writeFile(`${base}.csv`, csv),
    writeFile(`${base}.html`, html),
  ]);
}
