import type { Strings } from '../table.ts';
import { listed } from './forms.ts';

// The present tense does not depend on a person's gender.
export const arrivals: Strings['arrivals'] = {
  joined: (names) => `${listed(names)} ${names.length === 1 ? 'входит' : 'входят'} в звонок`,
  raisedHand: (names) => `${listed(names)} ${names.length === 1 ? 'поднимает' : 'поднимают'} руку`,
  left: (names) => `${listed(names)} ${names.length === 1 ? 'выходит' : 'выходят'} из звонка`,
};
