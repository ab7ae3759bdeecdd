/** The phones of a person, which ring when the person is called. */
import { z } from 'zod';
import { displayName, nothing, personNumber, sipUser } from '../../../contract/index.ts';

const personPhone = z.object({
  username: sipUser,
  displayName: displayName.optional(),
  /** Whether it rings when its owner is called. Default true. */
  rings: z.boolean(),
});

export const PERSON_PHONE_REQUESTS = {
  /** The account’s own phones and telephone numbers. For members and admins. */
  'phone.list': {
    data: nothing,
    result: z.object({ phones: z.array(personPhone), numbers: z.array(personNumber) }),
  },
  /** Adds a phone to the account. Only this answer has the password. */
  'phone.add': {
    data: z.object({ displayName }),
    result: personPhone.extend({
      password: z.string(),
      /** The realm that the phone must be configured with. */
      realm: z.string(),
      /** Where it registers. `host`: absent if it is the host of this server's page. `tlsPort`: 0 if there is no TLS. */
      server: z.object({ host: z.string().optional(), port: z.int(), tlsPort: z.int() }),
    }),
  },
  /** Whether a phone of the account rings. */
  'phone.configure': { data: z.object({ username: sipUser, rings: z.boolean() }), result: nothing },
  /** Removes a phone of the account: it can register no more. */
  'phone.remove': { data: z.object({ username: sipUser }), result: nothing },
} as const;

type PersonPhoneRequests = typeof PERSON_PHONE_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends PersonPhoneRequests {}
}
