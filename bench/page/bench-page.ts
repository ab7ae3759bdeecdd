import type { Page } from 'playwright-core';
import { makeInvitation, type ServerUnderTest, startLocalServer } from '../generator/index.ts';
import {
  type Figure,
  type FiguresRun,
  machineFigures,
  machineTraps,
  printSummary,
  quantile,
  round,
  type Summary,
  writeFiguresReport,
} from '../report/index.ts';
import { type CallCost, heapBytes, measureCall, measureTraffic, type Traffic } from './call.ts';
import { Chromium } from './chromium.ts';
import { Company } from './company.ts';
import { FIRST_LOAD_BYTES, type FirstLoad, firstLoad } from './first-load.ts';
import { type Join, join, leave } from './joins.ts';
import { watch } from './watch.ts';

/** Name and description, for the list of scenarios. */
export const PAGE = {
  name: 'page',
  description:
    'The page in Chromium: its size, the time from joining to the first picture, and the CPU of nine videos.',
} as const;

export interface BenchPageOptions {
  /** Where the report goes. Default `bench-results`. */
  outDir?: string;
  /** How often the page joins. Default 15. */
  joins?: number | undefined;
  /** How many other people are in the room. Default 9. */
  people?: number | undefined;
  /** Duration of each measurement of CPU, in seconds. Default 20. */
  durationSeconds?: number | undefined;
  /** Wait before each of them, in seconds. Default 5. */
  settleSeconds?: number | undefined;
}

/** Everything that a run has measured. */
interface PageRun {
  people: number;
  seconds: number;
  chromium: string;
  load: FirstLoad;
  joins: Join[];
  watching: CallCost;
  sending: CallCost;
  traffic: Traffic;
  heapBytes: number;
}

const ROOM = 'bench-page';
/** Goal for all layout shifts of a join, and while people come and go for those of everything but tiles. */
const SHIFT = 0.01;

/** Measures the page in a real Chromium and writes its report. @throws {ChromiumUnavailable} */
export async function benchPage(
  {
    outDir = 'bench-results',
    joins = 15,
    people = 9,
    durationSeconds: seconds = 20,
    settleSeconds = 5,
  }: BenchPageOptions,
  write: (line: string) => void,
): Promise<{ summary: Summary; run: PageRun }> {
  write(`${PAGE.name}: ${PAGE.description}`);
  const startedAt = new Date();
  const chromium = await Chromium.launch();
  let server: ServerUnderTest | undefined;
  let company: Company | undefined;
  try {
    server = await startLocalServer(['--no-sip', '--workers', '1']);
    const page = await chromium.page();
    await watch(page);
    const load = await enrol(page, server);
    company = new Company(server, ROOM);
    while (company.size < people) {
      await company.comes();
    }
    write(`${people} people are in the room`);
    const joined: Join[] = [];
    for (let index = 0; index < joins; index += 1) {
      if (index > 0) {
        await leave(page);
      }
      const result = await join(page, people);
      joined.push(result);
      write(`join ${index + 1}: first picture after ${Math.round(result.firstPictureMs)} ms`);
    }
    await page.getByTestId('camera').click();
    write(`watching for ${seconds} s, with one’s own camera off`);
    const watching = await measureCall(chromium, page, { seconds, settleSeconds });
    await page.getByTestId('camera').click();
    write(`watching for ${seconds} s, with one’s own camera on`);
    const sending = await measureCall(chromium, page, { seconds, settleSeconds });
    write('people come and go');
    const traffic = await measureTraffic(page, company, Math.ceil(people / 3));
    const heap = await heapBytes(page);
    await leave(page);
    const run: PageRun = {
      people,
      seconds,
      chromium: chromium.version,
      load,
      joins: joined,
      watching,
      sending,
      traffic,
      heapBytes: heap,
    };
    const summary = await writeFiguresReport({ startedAt, measured: run, ...report(run) }, outDir);
    printSummary(summary, outDir, write);
    return { summary, run };
  } finally {
    await chromium.close();
    await company?.leave();
    await server?.close?.();
  }
}

/** Opens the page for the first time and gets an identity; the page is in the lobby then. */
async function enrol(page: Page, server: ServerUnderTest): Promise<FirstLoad> {
  await page.goto(await makeInvitation(server));
  await page.getByTestId('name').fill('Ann');
  const load = await firstLoad(page);
  await page.getByTestId('enrol').click();
  await page.getByTestId('identity-verified').waitFor();
  await page.evaluate((room) => {
    location.hash = `#/room/${room}`;
  }, ROOM);
  await page.getByTestId('join').waitFor();
  return load;
}

function report(run: PageRun): Omit<FiguresRun, 'startedAt'> {
  const { people, seconds, load, joins, watching, sending, traffic } = run;
  const loadKib = round(load.bytes / 1024, 1);
  const shift = Math.max(...joins.map((each) => each.shift));
  const of = (pick: (join: Join) => number) => joins.map(pick).sort((a, b) => a - b);
  const times = (label: string, values: number[]): Figure[] => [
    { label: `${label}, p50 (ms)`, value: round(quantile(values, 0.5), 0) },
    { label: `${label}, p95 (ms)`, value: round(quantile(values, 0.95), 0) },
  ];
  const cost = ({ cpuPercent }: CallCost) => round(cpuPercent.renderer + cpuPercent.GPU, 1);
  const allPlayed = [watching, sending].every(({ videos }) => videos === people);
  return {
    ...PAGE,
    headline: [
      { label: 'first load, gzip (KiB)', value: loadKib, goal: `<= ${FIRST_LOAD_BYTES / 1024}` },
      ...times(
        'click on join to the first picture',
        of(({ firstPictureMs }) => firstPictureMs),
      ),
      ...times(
        `click on join to all ${people} pictures`,
        of(({ lastPictureMs }) => lastPictureMs),
      ),
      { label: `CPU of ${people} videos, own camera off (% of a core)`, value: cost(watching) },
      { label: `CPU of ${people} videos, own camera on (% of a core)`, value: cost(sending) },
      { label: 'layout shift of a join, at most', value: round(shift, 4), goal: `<= ${SHIFT}` },
      {
        label: 'layout shift as people come and go, without tiles',
        value: round(traffic.otherShift, 4),
        goal: `<= ${SHIFT}`,
      },
      { label: 'JavaScript heap in the call (MiB)', value: round(run.heapBytes / 2 ** 20, 1) },
    ],
    details: [
      { label: 'joins', value: joins.length },
      {
        label: 'long tasks per join, p50',
        value: quantile(
          of(({ longTasks }) => longTasks),
          0.5,
        ),
      },
      ...times(
        'long tasks of a join, together',
        of(({ longTasksMs }) => longTasksMs),
      ),
      {
        label: 'longest task of a join (ms)',
        value: round(of(({ longestTaskMs }) => longestTaskMs).at(-1) ?? 0, 0),
      },
      ...callDetails(`${people} videos, camera off`, watching, seconds),
      ...callDetails(`${people} videos, camera on`, sending, seconds),
      { label: 'people come and go: long tasks', value: traffic.longTasks },
      { label: 'people come and go: longest task (ms)', value: round(traffic.longestTaskMs, 0) },
      { label: 'people come and go: layout shift of tiles', value: round(traffic.tileShift, 3) },
      { label: 'Chromium', value: run.chromium },
      ...machineFigures(sending),
    ],
    notMeasured: [
      'A graphics card: headless Chromium decodes, scales and paints in software, which costs more than on a desktop.',
      'A network: server, senders and browser are on loopback, so no round trip counts.',
    ],
    traps: [
      ...machineTraps(sending),
      'CPU is the time of the renderer and GPU processes in /proc, in percent of one core. The processes for network, sound and the fake camera are in the details.',
      'The others watch nobody: their higher layers wake up when the page asks for them.',
    ],
    met: load.bytes <= FIRST_LOAD_BYTES && shift <= SHIFT && traffic.otherShift <= SHIFT && allPlayed,
  };
}

function callDetails(label: string, cost: CallCost, seconds: number): Figure[] {
  const { cpuPercent, mainThreadPercent, longTasks, videos, framesPerSecond, lines } = cost;
  const percent = (of: string, value: number) => ({ label: `${label}: ${of} (%)`, value: round(value, 1) });
  return [
    percent('renderer', cpuPercent.renderer),
    percent('GPU process', cpuPercent.GPU),
    percent('other processes', cpuPercent.other),
    percent('main thread', mainThreadPercent.tasks),
    percent('main thread, scripts', mainThreadPercent.script),
    percent('main thread, layout and style', mainThreadPercent.layout + mainThreadPercent.style),
    { label: `${label}: long tasks in ${seconds} s`, value: longTasks },
    { label: `${label}: videos that played`, value: videos },
    { label: `${label}: frames per second of each`, value: round(framesPerSecond, 1) },
    { label: `${label}: lines of each`, value: round(lines, 0) },
  ];
}
