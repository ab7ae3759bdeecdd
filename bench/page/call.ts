import { setTimeout as delay } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { type CpuTimes, machineCpu } from '../generator/index.ts';
import type { Chromium, ProcessType } from './chromium.ts';
import type { Company } from './company.ts';
import { seen } from './watch.ts';

/** Between two people who come or go. */
const APART_MS = 1500;

/** What a call costs for some seconds. */
export interface CallCost {
  /** CPU time in percent of a core, by kind of process. */
  cpuPercent: Record<ProcessType, number>;
  /** The page's main thread in percent of the time: all tasks, and of those scripts, layout and styles. */
  mainThreadPercent: { tasks: number; script: number; layout: number; style: number };
  longTasks: number;
  /** Videos of others that played, and their average frames per second and lines. */
  videos: number;
  framesPerSecond: number;
  lines: number;
  /** CPU of the whole machine. */
  machine: { before: CpuTimes; after: CpuTimes };
}

/** Measures the call that a page is in, once new streams and key frames have settled. */
export async function measureCall(
  chromium: Chromium,
  page: Page,
  { seconds, settleSeconds }: { seconds: number; settleSeconds: number },
): Promise<CallCost> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  await delay(settleSeconds * 1000);
  const sample = async () => ({
    machine: machineCpu(),
    cpu: await chromium.cpuSeconds(),
    thread: await threadSeconds(devtools),
    videos: await videosOf(page),
    page: await seen(page),
    atMs: performance.now(),
  });
  const before = await sample();
  await delay(seconds * 1000);
  const after = await sample();
  await devtools.detach();
  const measuredSeconds = (after.atMs - before.atMs) / 1000;
  const percent = (was: number, is: number) => ((is - was) / measuredSeconds) * 100;
  const cpu = (type: ProcessType) => percent(before.cpu[type], after.cpu[type]);
  const thread = (name: string) => percent(before.thread[name] ?? 0, after.thread[name] ?? 0);
  const playing = [...after.videos].flatMap(([id, { frames, lines }]) => {
    const shown = frames - (before.videos.get(id)?.frames ?? 0);
    return shown > 0 ? [{ shown, lines }] : [];
  });
  const average = (values: number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return {
    cpuPercent: { renderer: cpu('renderer'), GPU: cpu('GPU'), other: cpu('other') },
    mainThreadPercent: {
      tasks: thread('TaskDuration'),
      script: thread('ScriptDuration'),
      layout: thread('LayoutDuration'),
      style: thread('RecalcStyleDuration'),
    },
    longTasks: after.page.longTasks.length - before.page.longTasks.length,
    videos: playing.length,
    framesPerSecond: average(playing.map(({ shown }) => shown / measuredSeconds)),
    lines: average(playing.map(({ lines }) => lines)),
    machine: { before: before.machine, after: after.machine },
  };
}

/** What the page does while people come and go. */
export interface Traffic {
  longTasks: number;
  longestTaskMs: number;
  /** Sum of the layout shifts in which only tiles moved, which make room for each other, and of all others. */
  tileShift: number;
  otherShift: number;
  moved: string[];
}

/** Lets some people of the company go and come back, one after the other. */
export async function measureTraffic(page: Page, company: Company, people: number): Promise<Traffic> {
  const { nowMs } = await seen(page);
  for (let index = 0; index < people; index += 1) {
    await company.goes();
    await delay(APART_MS);
  }
  for (let index = 0; index < people; index += 1) {
    await company.comes();
    await delay(APART_MS);
  }
  const { shifts, longTasks } = await seen(page);
  const since = <T extends { atMs: number }>(all: readonly T[]) => all.filter(({ atMs }) => atMs >= nowMs);
  const sum = (beyond: boolean) =>
    since(shifts)
      .filter(({ beyondTiles }) => beyondTiles === beyond)
      .reduce((total, { value }) => total + value, 0);
  const tasks = since(longTasks).map(({ durationMs }) => durationMs);
  return {
    longTasks: tasks.length,
    longestTaskMs: Math.max(0, ...tasks),
    tileShift: sum(false),
    otherShift: sum(true),
    moved: since(shifts).flatMap(({ beyondTiles, moved }) => (beyondTiles ? moved : [])),
  };
}

/** The page's JavaScript heap after a garbage collection, in bytes. */
export async function heapBytes(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize;
}

/** Times that the main thread has spent so far, in seconds. */
async function threadSeconds(devtools: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/** Frames shown and lines of each other person's video, by participant id. */
async function videosOf(page: Page): Promise<Map<string, { frames: number; lines: number }>> {
  const videos = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLVideoElement>('[data-testid=tile][data-self=false] video')].map(
      (video) => ({
        id: video.closest<HTMLElement>('[data-testid=tile]')?.dataset.participantId ?? '',
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        lines: video.videoHeight,
      }),
    ),
  );
  return new Map(videos.map(({ id, ...video }) => [id, video]));
}
