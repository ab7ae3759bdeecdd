/**
 * Takes pictures of the page in windows of all sizes and in both themes, and judges them by rule: `npm run screenshots -- FOLDER`. The people
 * are painted, but their video is real and goes through a real server. Fails if a picture breaks a rule: see support/looks.ts.
 *
 * `--only call` or `--only screens` takes only the calls or all else, `--people 5,25 --width 360 --scheme dark` only some of the pictures.
 */
import { parseArgs } from 'node:util';
import { TestBrowser } from './support/browser.ts';
import { dismissNotices, takeCalls } from './support/call-pictures.ts';
import { CROWDS, paintOwnCamera, WINDOWS } from './support/call-scenes.ts';
import { Cast } from './support/cast.ts';
import { Person } from './support/person.ts';
import { Photographer } from './support/photographer.ts';
import { takeConsole, takeHome, takeNewcomers, takePanels, takeRinging } from './support/screen-pictures.ts';
import { TestServer } from './support/server.ts';

const ROOM = 'orchard';
/** Screens other than the call are taken on a phone and on a laptop. */
const SCREEN_WIDTHS = [360, 1280];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    people: { type: 'string' },
    width: { type: 'string' },
    scheme: { type: 'string' },
  },
});
const [folder = 'screenshots'] = positionals;

/** Those of a list that an option names; all without it. */
function chosen<T extends number | string>(list: string | undefined, all: readonly T[]): T[] {
  return all.filter((each) => list === undefined || list.split(',').includes(String(each)));
}

const crowds = chosen(values.people, CROWDS);
const schemes = chosen(values.scheme, ['light', 'dark'] as const);
const windows = WINDOWS.filter(({ width }) => chosen(values.width, [width]).length > 0);
const calls = new Photographer({ folder, windows, schemes });
const screens = new Photographer({
  folder,
  windows: windows.filter(({ width }) => SCREEN_WIDTHS.includes(width)),
  schemes,
});

const startedMs = performance.now();
const server = await TestServer.start();
const browser = await TestBrowser.launch();
const castBrowser = await TestBrowser.launch();
try {
  const page = await browser.page();
  await paintOwnCamera(page);
  await page.goto(await server.invite({ role: 'admin' }));
  await page.getByTestId('name').fill('Robin');
  await page.getByTestId('enrol').click();
  await page.getByTestId('home').waitFor();
  const studio = { photographer: screens, server, browser, page };
  if (values.only !== 'call') {
    await takeNewcomers(studio);
    await takeHome(studio);
    await takeConsole(studio);
    await takeRinging(studio);
    await page.evaluate(`location.hash = '#/room/${ROOM}'`);
    await page.getByTestId('microphone-select').waitFor({ state: 'attached' });
    await screens.take(page, 'pre-join');
  }
  const cast = await Cast.assemble(castBrowser, server, ROOM);
  await new Person(page, 'Robin').enter(ROOM);
  // The fake microphone plays a tone, which would count as speech.
  await page.locator('[data-testid=microphone][data-on=true]').click();
  if (values.only !== 'call') {
    await takePanels(studio, cast);
  }
  if (values.only !== 'screens') {
    await dismissNotices(page);
    await takeCalls(calls, page, cast, crowds);
  }
} finally {
  await Promise.all([browser.close(), castBrowser.close()]);
  await server.close();
  report();
}

function report(): void {
  const found = [...screens.flaws, ...calls.flaws];
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(`${screens.pictures + calls.pictures} pictures in ${folder} after ${seconds} s`);
  for (const flaw of found) {
    console.error(flaw);
  }
  console.log(found.length === 0 ? 'All rules hold.' : `${found.length} flaws.`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
