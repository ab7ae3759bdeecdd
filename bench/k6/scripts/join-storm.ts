/** People enter rooms one after the other, at a steady rate, and stay until everybody is in. */
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
  // On a busy machine the last may come later than planned: what their way in took is told, and nobody leaves before.
  stages.check('roster', index, 'INCOMPLETE', await visitor.knows(peopleInRoom(index)));
  visitor.drop();
}
