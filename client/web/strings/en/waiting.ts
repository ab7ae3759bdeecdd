import { listed, plural } from './forms.ts';

/** People in the lobby, as moderators see them. */
export const waiting = {
  heading: 'Waiting to join',
  count: (people: number) => plural(people, { one: '1 person waiting', other: `${people} people waiting` }),
  notice: (names: readonly string[]) =>
    plural(names.length, {
      one: `${listed(names)} is waiting to be let in`,
      other: `${listed(names)} are waiting to be let in`,
    }),
  view: 'View',
  admit: 'Admit',
  deny: 'Deny',
  admitNamed: (name: string) => `Admit ${name}`,
  denyNamed: (name: string) => `Deny ${name}`,
  admitAll: 'Admit all',
  denyAll: 'Deny all',
  confirmDenyAll: (people: number) =>
    plural(people, {
      one: 'Turn this person away for five minutes?',
      other: `Turn all ${people} people away for five minutes?`,
    }),
  guest: 'Guest',
  uninvited: 'Guest, not invited',
  verified: 'Has an account here',
  /** Somebody let them in or invited them before. */
  knownGuest: 'Guest with an account here',
  since: (minutes: number) =>
    minutes < 1 ? 'just now' : plural(minutes, { one: 'for 1 minute', other: `for ${minutes} minutes` }),
};
