import { setTimeout as sleep } from 'node:timers/promises';
import { type CallAttempt, Callers } from './callers.ts';
import { machineFigure, type PhoneFigure, type PhoneReport, quantile, round } from './figures.ts';
import { type Heard, heardBy, LATE_MS } from './heard.ts';
import { GOAL_MAX_MS, GOAL_P999_MS } from './pacing.ts';
import type { ServerWithPhones } from './room-call.ts';
import { RtpLoad } from './rtp-load.ts';
import { speechFrames } from './speech.ts';
import { Talkers } from './talkers.ts';
import { setUpTrunk } from './trunk.ts';

const NUMBERS = ['101', '102', '103', '104'] as const;
const PHONES_PER_ROOM = 25;
const STEADY_CALLS = NUMBERS.length * PHONES_PER_ROOM;
const CALLS_PER_SECOND = 50;
/** How long each call of the stream lasts, so that there are a few less at once than the rooms hold. */
const HOLD_MS = 1_500;
const FLOOD_PER_SECOND = 1_000;
/** Its room is full, so that none of them is answered. */
const FLOODED_NUMBER = NUMBERS[0];
const SETTLE_MS = 4_000;
const DRAIN_MS = 3_000;
const GOAL_ANSWER_MS = 500;
const GOAL_MOS_DROP = 0.1;

/**
 * Measures calls through a whole server from a trunk's address: a stream of calls with media, set up and ended; then many calls at once in
 * few rooms; then the same calls while far more new ones are offered than the server accepts.
 */
export async function measureCalls(
  server: ServerWithPhones,
  { seconds }: { seconds: number },
): Promise<PhoneReport> {
  const rooms = NUMBERS.map((number) => ({ number, roomId: `bench-calls-${number}` }));
  await setUpTrunk(server, rooms, 2 * STEADY_CALLS);
  const callers = await Callers.start(server.sipPort);
  const talkers = await Talkers.start();
  const phones = await RtpLoad.start({
    frames: await speechFrames('PCMU', 8_000),
    payloadType: 0,
    clockRate: 8_000,
  });
  const steady: CallAttempt[] = [];
  try {
    const stream = await streamOfCalls(callers, talkers, seconds / 3);
    await sleep(DRAIN_MS);
    for (let i = 0; i < STEADY_CALLS; i++) {
      const number = NUMBERS[i % NUMBERS.length] as string;
      steady.push(await callers.call({ number, mediaPort: phones.port, retransmits: true }));
      await sleep(1000 / CALLS_PER_SECOND);
    }
    const answered = steady.filter(({ mediaPort }) => mediaPort > 0);
    phones.send(answered.map(({ mediaPort }) => mediaPort));
    await sleep(SETTLE_MS);
    const calm = await listen(phones, answered.length, seconds / 3);
    const flood = flooding(callers, seconds / 3);
    const flooded = await listen(phones, answered.length, seconds / 3);
    return report({ stream, answered: answered.length, calm, flooded, offered: await flood });
  } finally {
    for (const call of steady) {
      call.hangUp();
    }
    await sleep(100);
    callers.close();
    talkers.close();
    await phones.close();
  }
}

interface StreamResult {
  /** From each INVITE to its 200. */
  answerMs: number[];
  /** From each 200 to the first packet from the server. */
  soundMs: number[];
  offered: number;
  refused: number;
  silent: number;
  perSecond: number;
}

/** Places calls evenly, each with media both ways, and ends them after HOLD_MS. */
async function streamOfCalls(callers: Callers, talkers: Talkers, seconds: number): Promise<StreamResult> {
  const result: StreamResult = {
    answerMs: [],
    soundMs: [],
    offered: 0,
    refused: 0,
    silent: 0,
    perSecond: 0,
  };
  const place = async (index: number): Promise<void> => {
    const number = NUMBERS[index % NUMBERS.length] as string;
    const call = await callers.call({ number, mediaPort: talkers.port, retransmits: true });
    if (call.mediaPort === 0) {
      result.refused++;
      return;
    }
    talkers.begin(call.mediaPort);
    await sleep(HOLD_MS);
    const heardMs = talkers.end(call.mediaPort);
    call.hangUp();
    result.answerMs.push(call.answeredMs - call.sentMs);
    if (heardMs === undefined) {
      result.silent++;
    } else {
      result.soundMs.push(heardMs - call.answeredMs);
    }
  };
  const calls: Promise<void>[] = [];
  const lastedMs = await evenly(CALLS_PER_SECOND, seconds, (index) => calls.push(place(index)));
  result.offered = calls.length;
  result.perSecond = (calls.length * 1000) / lastedMs;
  await Promise.all(calls);
  return result;
}

interface FloodResult {
  offered: number;
  perSecond: number;
  /** Number of attempts by status; 0: no answer. */
  byStatus: Map<number, number>;
  /** From each INVITE to its refusal. */
  refusalMs: number[];
}

async function flooding(callers: Callers, seconds: number): Promise<FloodResult> {
  const attempts: Promise<CallAttempt>[] = [];
  const lastedMs = await evenly(FLOOD_PER_SECOND, seconds, () =>
    attempts.push(callers.call({ number: FLOODED_NUMBER, mediaPort: 9, retransmits: false })),
  );
  const results = await Promise.all(attempts);
  const byStatus = new Map<number, number>();
  for (const { status, hangUp } of results) {
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    hangUp();
  }
  return {
    offered: results.length,
    perSecond: (results.length * 1000) / lastedMs,
    byStatus,
    refusalMs: results
      .filter(({ status }) => status >= 300)
      .map(({ sentMs, answeredMs }) => answeredMs - sentMs),
  };
}

/** Does something `perSecond` times a second, catching up after delays. Resolves with how long it took, in milliseconds. */
async function evenly(perSecond: number, seconds: number, act: (index: number) => void): Promise<number> {
  const begunMs = performance.now();
  for (let done = 0; done < perSecond * seconds; ) {
    const due = Math.min(perSecond * seconds, ((performance.now() - begunMs) * perSecond) / 1000);
    for (; done < due; done++) {
      act(done);
    }
    await sleep(1);
  }
  return performance.now() - begunMs;
}

/** What the phones of the steady calls receive for so many seconds. */
async function listen(phones: RtpLoad, calls: number, seconds: number): Promise<Heard> {
  phones.take();
  await sleep(seconds * 1000);
  return heardBy(calls, seconds, phones.take());
}

function report({
  stream,
  answered,
  calm,
  flooded,
  offered,
}: {
  stream: StreamResult;
  answered: number;
  calm: Heard;
  flooded: Heard;
  offered: FloodResult;
}): PhoneReport {
  const accepted = offered.byStatus.get(200) ?? 0;
  const unanswered = offered.byStatus.get(0) ?? 0;
  const refusalP95 = quantile(offered.refusalMs, 0.95);
  const answerP95 = quantile(stream.answerMs, 0.95);
  const pacing = (label: string, heard: Heard): PhoneFigure[] => [
    {
      label: `${label}: departure error, p99.9 (ms)`,
      value: round(quantile(heard.errorsMs, 0.999), 2),
      goal: `<= ${GOAL_P999_MS}`,
    },
    {
      label: `${label}: departure error, largest (ms)`,
      value: round(quantile(heard.errorsMs, 1), 2),
      goal: `<= ${GOAL_MAX_MS}`,
    },
    {
      label: `${label}: packets lost or over ${LATE_MS} ms late (%)`,
      value: round(100 * heard.lostFraction, 3),
    },
  ];
  const mosDrop = calm.mos - flooded.mos;
  const paced = (heard: Heard) =>
    quantile(heard.errorsMs, 0.999) <= GOAL_P999_MS && quantile(heard.errorsMs, 1) <= GOAL_MAX_MS;
  return {
    headline: [
      {
        label: `${CALLS_PER_SECOND} calls a second: answered`,
        value: `${stream.offered - stream.refused} of ${stream.offered}`,
        goal: 'all',
      },
      { label: 'INVITE to 200, p50 (ms)', value: round(quantile(stream.answerMs, 0.5)) },
      { label: 'INVITE to 200, p95 (ms)', value: round(answerP95), goal: `<= ${GOAL_ANSWER_MS}` },
      { label: 'answered calls without sound', value: stream.silent, goal: '0' },
      ...pacing(`${answered} calls in ${NUMBERS.length} rooms`, calm),
      ...pacing(`the same, ${FLOOD_PER_SECOND} a second offered`, flooded),
      { label: 'MOS of calls in progress, before', value: round(calm.mos, 2) },
      {
        label: 'MOS of calls in progress, in the flood',
        value: round(flooded.mos, 2),
        goal: `>= ${round(calm.mos - GOAL_MOS_DROP, 2)}`,
      },
      {
        label: 'INVITE to refusal in the flood, p95 (ms)',
        value: round(refusalP95),
        goal: `<= ${GOAL_ANSWER_MS}`,
      },
      { label: 'INVITEs without an answer', value: unanswered, goal: '0' },
    ],
    details: [
      { label: 'calls offered a second, stream', value: round(stream.perSecond) },
      { label: '200 to the first packet, p50 (ms)', value: round(quantile(stream.soundMs, 0.5)) },
      { label: '200 to the first packet, p95 (ms)', value: round(quantile(stream.soundMs, 0.95)) },
      { label: 'calls offered a second, flood', value: round(offered.perSecond) },
      ...[...offered.byStatus]
        .sort(([a], [b]) => a - b)
        .map(([status, count]) => ({ label: `flood: answers ${status || 'none'}`, value: count })),
      { label: 'packets heard, before', value: calm.packets },
      { label: 'packets heard, in the flood', value: flooded.packets },
      machineFigure(),
    ],
    notMeasured: [
      'A network: callers, phones and server are on loopback, and share this machine.',
      'Encryption, authentication by digest, and a SIP trunk over TCP or TLS.',
    ],
    traps: [
      'The flood comes from the address of a trunk, which is allowed more than a stranger.',
      'An INVITE of the flood is sent once, so that the offered rate is exact; a caller would repeat it.',
    ],
    met:
      stream.refused === 0 &&
      stream.silent === 0 &&
      answerP95 <= GOAL_ANSWER_MS &&
      paced(calm) &&
      paced(flooded) &&
      mosDrop <= GOAL_MOS_DROP &&
      unanswered === 0 &&
      accepted < offered.offered,
  };
}
