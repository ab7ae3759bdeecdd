/** People join rooms one after another, at a steady rate, and stay until everyone is in. */
import { enterInTurn, peopleInRoom } from './person.ts';
import { optionsFor, type Schedule, until } from './setting.ts';
import { Stages } from './stages.ts';
import { ENTER_STAGES } from './visitor.ts';

export { handleSummary, setup } from './setting.ts';

const stages = new Stages(ENTER_STAGES);
export const options = optionsFor(['connect', 'challenge', 'prove', 'join']);

export default async function (schedule: Schedule): Promise<void> {
  const visitor = await enterInTurn(schedule, stages);
  await until(schedule.endMs);
  const { index } = visitor;
  // On a busy machine the last people may join later than planned; their times are reported, and nobody leaves earlier.
  stages.check('roster', index, 'INCOMPLETE', await visitor.knows(peopleInRoom(index)));
  visitor.drop();
}
