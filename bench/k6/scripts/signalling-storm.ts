/** Everyone keeps sending requests: transports are created, restarted and closed, and now and then a person leaves and rejoins. */
import { enterInTurn } from './person.ts';
import { optionsFor, REQUESTS_PER_SECOND, type Schedule, until } from './setting.ts';
import { Stages } from './stages.ts';
import { ENTER_STAGES } from './visitor.ts';

export { handleSummary, setup } from './setting.ts';

const REQUEST_STAGES = [
  'transport_create',
  'transport_restart',
  'transport_close',
  'leave',
  'rejoin',
] as const;
/** Rounds of three requests between leaving and rejoining. */
const ROUNDS_BEFORE_LEAVING = 5;

const stages = new Stages([...ENTER_STAGES, ...REQUEST_STAGES]);
export const options = optionsFor(['connect', 'challenge', 'prove', 'join', ...REQUEST_STAGES]);

export default async function (schedule: Schedule): Promise<void> {
  const visitor = await enterInTurn(schedule, stages);
  const { index, socket } = visitor;
  const intervalMs = 1000 / REQUESTS_PER_SECOND;
  let dueMs = schedule.middleMs + Math.random() * intervalMs;
  /** Waits until the next request is due, regardless of when the previous one was answered. */
  const turn = async () => {
    await until(dueMs);
    dueMs += intervalMs;
  };
  // People do not all leave at the same time.
  for (let round = index % ROUNDS_BEFORE_LEAVING; dueMs < schedule.endMs; round += 1) {
    await turn();
    const { transportId } = await stages.time('transport_create', index, () =>
      socket.request('transport.create', { direction: 'send' }),
    );
    await turn();
    await stages.time('transport_restart', index, () =>
      socket.request('transport.restartIce', { transportId }),
    );
    await turn();
    await stages.time('transport_close', index, () => socket.request('transport.close', { transportId }));
    if (round % ROUNDS_BEFORE_LEAVING === ROUNDS_BEFORE_LEAVING - 1) {
      await turn();
      await stages.time('leave', index, () => socket.request('room.leave', {}));
      await turn();
      await stages.time('rejoin', index, () => visitor.join());
    }
  }
  visitor.drop();
}
