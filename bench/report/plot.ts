import { escapeHtml } from './escape.ts';

export interface Series {
  label: string;
  points: ReadonlyArray<readonly [x: number, y: number]>;
}

export interface PlotOptions {
  title: string;
  /** With units. */
  xLabel: string;
  yLabel: string;
  series: readonly Series[];
}

const WIDTH = 640;
const HEIGHT = 260;
const MARGIN = { left: 64, right: 16, top: 28, bottom: 44 };
const COLOURS = ['#2463a6', '#c2571a', '#2e7d4f', '#7a4aa0'];

/** A line plot as an inline SVG, from zero upwards. */
export function linePlot({ title, xLabel, yLabel, series }: PlotOptions): string {
  const points = series.flatMap((each) => each.points);
  if (points.length === 0) {
    return '';
  }
  const xs = points.map(([x]) => x);
  const [minX, maxX] = [Math.min(...xs), Math.max(...xs)];
  const maxY = niceCeiling(Math.max(...points.map(([, y]) => y)));
  const innerWidth = WIDTH - MARGIN.left - MARGIN.right;
  const innerHeight = HEIGHT - MARGIN.top - MARGIN.bottom;
  const px = (x: number) => MARGIN.left + ((x - minX) / (maxX - minX || 1)) * innerWidth;
  const py = (y: number) => MARGIN.top + (1 - y / maxY) * innerHeight;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const grid = ticks.map((share) => {
    const y = py(share * maxY).toFixed(1);
    const label = `<text x="${MARGIN.left - 8}" y="${y}" dy="0.32em" text-anchor="end">${short(share * maxY)}</text>`;
    return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y}" y2="${y}"/>${label}`;
  });
  const xTicks = ticks.map((share) => {
    const x = minX + share * (maxX - minX);
    return `<text x="${px(x).toFixed(1)}" y="${HEIGHT - MARGIN.bottom + 16}" text-anchor="middle">${short(x)}</text>`;
  });
  const lines = series.map(({ points: own }, index) => {
    const path = own.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(' ');
    return `<polyline points="${path}" stroke="${COLOURS[index % COLOURS.length]}"/>`;
  });
  const legend = series.map(({ label }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    return `<tspan fill="${colour}" dx="${index === 0 ? 0 : 12}">${escapeHtml(label)}</tspan>`;
  });
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">`,
    `<text class="title" x="${MARGIN.left}" y="16">${escapeHtml(title)}</text>`,
    `<g class="grid">${grid.join('')}${xTicks.join('')}</g>`,
    `<g class="lines">${lines.join('')}</g>`,
    `<text x="${MARGIN.left}" y="${HEIGHT - 8}">${escapeHtml(xLabel)}</text>`,
    `<text x="${WIDTH - MARGIN.right}" y="${HEIGHT - 8}" text-anchor="end">${legend.join('')}</text>`,
    `<text transform="translate(14 ${MARGIN.top + innerHeight / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(yLabel)}</text>`,
    '</svg>',
  ].join('');
}

/** The next 1, 2, 2.5 or 5 times a power of ten. */
function niceCeiling(value: number): number {
  if (value <= 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
