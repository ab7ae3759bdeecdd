import execution from 'k6/execution';
import { PEOPLE, ROOM_SIZE, type Schedule, turnMs, until } from './setting.ts';
import type { Stages } from './stages.ts';
import { type ENTER_STAGES, Visitor } from './visitor.ts';

/** This virtual user's person, who joins when it is their turn. Rooms are filled one after another. */
export async function enterInTurn(
  schedule: Schedule,
  stages: Stages<(typeof ENTER_STAGES)[number]>,
): Promise<Visitor> {
  const index = execution.vu.idInTest - 1;
  const person = PEOPLE[index];
  if (!person) {
    throw new Error(`person ${index} was not prepared`);
  }
  const visitor = await Visitor.create(index, `storm-${Math.floor(index / ROOM_SIZE)}`, person);
  await until(turnMs(schedule, index));
  await visitor.enter(stages);
  return visitor;
}

/** How many people will be in a person's room. */
export function peopleInRoom(index: number): number {
  return Math.min(ROOM_SIZE, PEOPLE.length - Math.floor(index / ROOM_SIZE) * ROOM_SIZE);
}
