/** Everyone loses the connection at the same moment and comes back as the SDK does: after its first backoff. */
import { enterInTurn } from './person.ts';
import { optionsFor, type Schedule, until } from './setting.ts';
import { Stages } from './stages.ts';
import { ENTER_STAGES, RETURN_STAGES } from './visitor.ts';

export { handleSummary, setup } from './setting.ts';

/** The SDK's first backoff, in milliseconds: a random value in the upper half of this. */
const BACKOFF_MS = 500;
/** After this time the SDK gives up an attempt and starts another, in milliseconds. */
const ATTEMPT_MS = 10_000;

const stages = new Stages([...ENTER_STAGES, ...RETURN_STAGES]);
export const options = optionsFor(['connect', 'challenge', 'prove', 'join'], { return: ATTEMPT_MS });

export default async function (schedule: Schedule): Promise<void> {
  const visitor = await enterInTurn(schedule, stages);
  // The server keeps a seat only if it ever had a transport.
  await visitor.socket.request('transport.create', { direction: 'send' });
  await until(schedule.middleMs);
  visitor.drop();
  await until(schedule.middleMs + BACKOFF_MS / 2 + (Math.random() * BACKOFF_MS) / 2);
  await visitor.return(stages);
  await until(schedule.endMs);
  visitor.drop();
}
