import { enrolRequest, enrolResponse } from '../../../contract/index.ts';
import { errorResponses, isConfinedToRooms, type Kernel } from '../../kernel/index.ts';
import type { Admission, Invitations } from './invitations.ts';

const YEAR_SECONDS = 365 * 86_400;
const MEMBER_VALID_SECONDS = 5 * YEAR_SECONDS;
const GUEST_VALID_SECONDS = 86_400;
/** Long enough that those who come back are recognised. Whoever lets them in need not know them, so it is less than a member’s. */
const STRANGER_VALID_SECONDS = 180 * 86_400;

/** The route on which newcomers get a certificate. */
export function registerEnrolRoute(kernel: Kernel, invitations: Invitations): void {
  const { authority, log, origins, rooms } = kernel;
  kernel.routes((app) => {
    app.post(
      '/api/enrol',
      {
        schema: {
          description:
            'Redeems an invitation: signs the certificate request of a new account. The same request with the same key can be repeated for ten minutes.',
          body: enrolRequest,
          response: { 200: enrolResponse, '4xx': errorResponses['4xx'] },
        },
        config: { rateLimit: { max: 300, timeWindow: '1 minute' } },
        // Checked before the invitation is used, since pages of other origins could not connect afterwards.
        onRequest: async ({ headers }) => origins.require(headers.origin),
      },
      async ({ body }) => {
        const csr = Buffer.from(body.csr, 'base64');
        const accountId = await authority.accountIdOf(csr);
        const offered = await invitations.check(body.secret, accountId);
        const signed = await authority.signAccount(csr, {
          // A name chosen by the inviter takes precedence.
          displayName: offered.displayName ?? body.displayName ?? 'Guest',
          validSeconds: validSeconds(offered),
          unit: offered.unit,
        });
        const isNew = (await kernel.accounts.find(accountId)) === undefined;
        // The loser of a race for the invitation gets no certificate.
        const { role, roomId, invitedBy, isRepeated } = await invitations.admit(
          body.secret,
          accountId,
          signed.displayName,
          signed.notAfterMs,
        );
        // Whoever was removed since they enrolled must not get in again by repeating that.
        if (roomId !== null && invitedBy !== accountId && !isRepeated) {
          rooms.readmit(roomId, accountId);
        }
        if (!isRepeated) {
          kernel.happenings.emit('invitation.used', { accountId, role, roomId });
        }
        if (isNew) {
          kernel.happenings.emit('account.created', { accountId, displayName: signed.displayName, role });
        }
        log.info({ accountId, role }, 'account enrolled');
        return {
          chain: signed.chain.map((der) => Buffer.from(der).toString('base64')),
          role,
          displayName: signed.displayName,
          expiresAtMs: signed.notAfterMs,
          ...(roomId !== null && { roomId }),
        };
      },
    );
  });
}

function validSeconds({ role, byAddress }: Admission): number {
  if (byAddress) {
    return STRANGER_VALID_SECONDS;
  }
  return isConfinedToRooms(role) ? GUEST_VALID_SECONDS : MEMBER_VALID_SECONDS;
}
