import { DelayHistogram } from '../../client/node/index.ts';
import type { ProcessSample, RunData } from '../generator/index.ts';
import { escapeHtml } from './escape.ts';
import type { Figure } from './numbers.ts';
import { linePlot, type Series } from './plot.ts';
import type { Summary } from './summary.ts';

const NOT_MEASURED = [
  'Picture quality: clips are encoded beforehand, and nobody watches them.',
  'Encoding and rendering in browsers: load peers do neither.',
  'Senders’ congestion control: clips keep their bitrates; only whole layers stop.',
  'Other networks than the one named, several machines, TLS terminated elsewhere.',
];

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left}
td.v{text-align:right;font-variant-numeric:tabular-nums}.invalid{border:3px solid #b00020;padding:.5rem 1rem;color:#b00020}
svg{width:100%;max-width:40rem;display:block;margin:1rem 0}svg text{font-size:11px;fill:#444}svg .title{font-size:13px;fill:#222}
svg .grid line{stroke:#ddd}svg polyline{fill:none;stroke-width:1.8}`;

/** What differs between kinds of runs. */
export interface PageParts {
  /** Markup. */
  plots: string;
  notMeasured: readonly string[];
  claim: string;
}

/** The page of a run of load peers. */
export function toHtml(run: RunData, summary: Summary): string {
  return renderPage(summary, { plots: plots(run), notMeasured: NOT_MEASURED, claim: claim(summary) });
}

/** A self-contained report. An invalid run shows its reasons and no figures. */
export function renderPage(summary: Summary, parts: PageParts): string {
  const isValid = summary.invalid.length === 0;
  const sections = [
    section(
      'Environment',
      table(Object.entries(summary.environment).map(([label, value]) => ({ label, value }))),
    ),
    ...(isValid
      ? [
          section('Headline', table(summary.headline)),
          section('Details', table(summary.details)),
          section('Plots', parts.plots),
        ]
      : [section('Headline', '<p>None: the run is invalid.</p>')]),
    section('Not measured', list(parts.notMeasured)),
    section('Traps', list(summary.traps)),
    section('Claim', `<p>${escapeHtml(isValid ? parts.claim : 'This run supports no claim.')}</p>`),
  ];
  const verdict = isValid
    ? ''
    : `<div class="invalid"><strong>INVALID</strong>${list(summary.invalid)}</div>`;
  const title = `Canopy bench: ${summary.name}`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style>
<h1>${escapeHtml(title)}</h1><p>${escapeHtml(summary.description)} Run at ${escapeHtml(summary.startedAt)}.</p>${verdict}
${sections.join('\n')}</html>
`;
}

function claim({ complete, environment, headline }: Summary): string {
  const machine = `${environment.cores} cores of ${environment.cpu}, generator included`;
  const joined = headline[0]?.value ?? '';
  return complete
    ? `On ${machine}, Canopy handled this scenario (${joined} peers, every stream received). The figures are floors: nothing larger was tried.`
    : `On ${machine}, not everyone received everyone: this run shows a limit, not a capacity.`;
}

function section(title: string, body: string): string {
  return `<section><h2>${title}</h2>${body}</section>`;
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ label, value, goal }) =>
      `<tr><td>${escapeHtml(label)}</td><td class="v">${escapeHtml(String(value))}</td><td>${goal ? `goal ${escapeHtml(goal)}` : ''}</td></tr>`,
  );
  return `<table>${rows.join('')}</table>`;
}

function plots(run: RunData): string {
  const delay = new DelayHistogram();
  for (const peer of run.peers) {
    delay.merge(peer.delay);
  }
  const shares = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];
  const joins = run.peers.flatMap(({ index, join }) => (join ? [[index + 1, join] as const] : []));
  return [
    linePlot({
      title: 'Media between server and generator',
      xLabel: 'seconds',
      yLabel: 'Mbit/s (RTP and RTCP)',
      series: [
        { label: 'to peers', points: rates(run, ({ receivedBytes }) => (receivedBytes * 8) / 1e6) },
        { label: 'from peers', points: rates(run, ({ sentBytes }) => (sentBytes * 8) / 1e6) },
      ],
    }),
    linePlot({
      title: 'Generator CPU',
      xLabel: 'seconds',
      yLabel: '% of a core',
      series: run.processes.map(
        ({ samples }, index): Series => ({
          label: `process ${index + 1}`,
          points: rates(
            { ...run, processes: [{ samples, cpuSeconds: 0, wallSeconds: 0 }] },
            ({ cpuSeconds }) => cpuSeconds * 100,
          ),
        }),
      ),
    }),
    linePlot({
      title: 'Joining, by order',
      xLabel: 'peer',
      yLabel: 'ms',
      series: [
        { label: 'connect', points: joins.map(([index, join]) => [index, join.connectMs] as const) },
        { label: 'join', points: joins.map(([index, join]) => [index, join.joinMs] as const) },
        { label: 'publish', points: joins.map(([index, join]) => [index, join.publishMs] as const) },
      ],
    }),
    linePlot({
      title: 'One-way delay',
      xLabel: '% of packets',
      yLabel: 'ms at most',
      series: [
        {
          label: 'capture to arrival',
          points: shares.map((share) => [share * 100, delay.quantileMs(share)] as const),
        },
      ],
    }),
  ].join('');
}

/** The growth per second of a counter, summed over the processes. */
function rates(run: RunData, pick: (sample: ProcessSample) => number): Array<readonly [number, number]> {
  const startMs = run.startedAt.getTime();
  const bySecond = new Map<number, number>();
  for (const { samples } of run.processes) {
    samples.forEach((sample, index) => {
      const before = samples[index - 1];
      if (!before) {
        return;
      }
      const second = Math.round((sample.atMs - startMs) / 1000);
      const rate = (pick(sample) - pick(before)) / ((sample.atMs - before.atMs) / 1000);
      bySecond.set(second, (bySecond.get(second) ?? 0) + rate);
    });
  }
  return [...bySecond].sort(([a], [b]) => a - b);
}
