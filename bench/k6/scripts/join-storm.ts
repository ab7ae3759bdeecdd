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
  const { index, met } = visitor;
  stages.check('roster', index, 'INCOMPLETE', met.size === peopleInRoom(index));
  visitor.drop();
}
