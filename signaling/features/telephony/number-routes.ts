import { CanopyError } from '../../../base/index.ts';
import { nothing } from '../../../contract/index.ts';
import { errorResponses, holderOf, type Kernel, mayBeCalled } from '../../kernel/index.ts';
import { numberList, numberParams, putNumberRequest } from './rest.ts';
import type { Telephony } from './telephony.ts';

/** Routes for people’s telephone numbers. */
export function registerNumberRoutes(kernel: Kernel, telephony: Telephony): void {
  const { phones } = telephony;
  kernel.adminRoutes('telephony.administer', (app) => {
    app.get(
      '/api/sip/numbers',
      {
        schema: {
          description: 'Numbers of people, in order.',
          response: { 200: numberList, ...errorResponses },
        },
      },
      async () => ({ numbers: await phones.numbers() }),
    );
    app.put(
      '/api/sip/numbers/:number',
      {
        config: { act: 'number.put' },
        schema: {
          description:
            "Gives a number to a person: phones of this server and trunks that call it ring the person's browsers and phones. It takes precedence over the dial plan. A person may have several.",
          params: numberParams,
          body: putNumberRequest,
          response: { 200: putNumberRequest.extend(numberParams.shape), ...errorResponses },
        },
      },
      async ({ params: { number }, body: { accountId } }) => {
        await demandPerson(kernel, accountId);
        await phones.putNumber(number, accountId);
        telephony.changed();
        return { number, accountId };
      },
    );
    app.delete(
      '/api/sip/numbers/:number',
      {
        config: { act: 'number.delete' },
        schema: {
          description: 'Takes a number away from its person.',
          params: numberParams,
          response: { 200: nothing, ...errorResponses },
        },
      },
      async ({ params: { number } }) => {
        if (!(await phones.deleteNumber(number))) {
          throw new CanopyError('NOT_FOUND', 'nobody has this number');
        }
        telephony.changed();
        return {};
      },
    );
  });
}

/** @throws {CanopyError} PERSON_UNKNOWN - there is no such account, or it has no direct calls */
export async function demandPerson({ accounts, authority }: Kernel, accountId: string): Promise<void> {
  const account = await accounts.find(accountId);
  if (!account || !mayBeCalled(holderOf(account)) || authority.revocation.isRevoked(accountId)) {
    throw new CanopyError('PERSON_UNKNOWN');
  }
}
