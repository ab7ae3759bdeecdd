import { plural } from './forms.ts';

/** Where the user's calls go that the user does not take. */
export const forwarding = {
  heading: 'Forward calls',
  always: 'Always',
  busy: 'When I am busy or not to be disturbed',
  unanswered: 'When I do not answer',
  to: 'To a call link or number',
  nowhere: 'Nowhere',
  after: 'After',
  seconds: (count: number) => plural(count, { one: '1 second', other: `${count} seconds` }),
  save: 'Save',
  saved: 'Saved',
  unusable: 'This is neither a call link nor a telephone number.',
  /** Where it leads. */
  leadsTo: (name: string) => `To ${name}`,
  by: (name: string) => `Forwarded by ${name}`,
};
