import { CanopyError } from '../../base/index.ts';
import { factorOf } from '../budgets/index.ts';
import { type VerifiedDevice, verifyAuthProof } from '../identity/index.ts';
import type { Handler } from '../sockets/index.ts';
import type { AccountRow } from '../store/index.ts';
import type { HandlerContext } from './context.ts';

type AuthContext = Pick<
  HandlerContext,
  'accounts' | 'budgets' | 'config' | 'devices' | 'draining' | 'origins' | 'stage' | 'trust'
> & { rooms: Pick<HandlerContext['rooms'], 'hasSeat'> };

export function authHandlers(context: AuthContext): {
  'auth.prove': Handler<'auth.prove'>;
  'session.ping': Handler<'session.ping'>;
} {
  return {
    'session.ping': async () => ({}),

    'auth.prove': async (session, proof) => {
      if (session.principal) {
        throw new CanopyError('AUTH_DONE');
      }
      const { nonce } = session;
      // Single-use: whatever comes of this try, the next one needs a new connection.
      session.nonce = null;
      if (nonce === null) {
        throw new CanopyError('AUTH_BAD_NONCE');
      }
      const nowMs = Date.now();
      const device = await verifyAuthProof(proof, {
        nonce,
        origins: context.origins(),
        nowMs,
        clockSkewMs: context.config.identity.clockSkewSeconds * 1000,
        trust: context.trust,
      });
      if (context.draining() && !context.rooms.hasSeat(device.deviceId)) {
        throw new CanopyError('SERVER_CLOSING');
      }
      const account = await accountOf(context, device, nowMs).catch((error: unknown) => {
        const known = context.accounts.lastKnown(device.accountId);
        // A call in progress goes on while the store is away. Revocations are in memory.
        if (known && isStoreAway(error) && context.rooms.hasSeat(device.deviceId)) return known;
        throw error;
      });
      context.devices.seen({ ...device, userAgent: session.userAgent, nowMs });
      // Nothing waits from here until the session is one of those that a revocation ends.
      if (context.trust.isRevoked(device)) {
        throw new CanopyError('CERT_REVOKED');
      }
      const holder = {
        device: device.deviceId,
        account: device.accountId,
        ...(account.invitation !== null && { invitation: account.invitation }),
      };
      if (!session.closed) {
        // The connection already counts against the network.
        session.releases.push(context.budgets.connections.take(holder, 1, factorOf(account)));
      }
      session.holder = { ...session.holder, ...holder };
      session.principal = {
        device,
        accountId: device.accountId,
        displayName: device.displayName,
        role: account.role,
        isGateway: account.is_gateway === 1,
        chain: proof.chain.map((certificate) => Buffer.from(certificate, 'base64')),
        origin: proof.origin,
      };
      session.log = session.log.child({ accountId: device.accountId, deviceId: device.deviceId });
      context.stage(session, 'authenticated');
      return {
        accountId: device.accountId,
        accountAlias: device.accountAlias,
        deviceId: device.deviceId,
        displayName: device.displayName,
        role: account.role,
        serverTimeMs: nowMs,
      };
    },
  };
}

function isStoreAway(error: unknown): boolean {
  return error instanceof CanopyError && ['STORE_UNAVAILABLE', 'STORE_BUSY'].includes(error.code);
}

/** A company's people are admitted by their certificates alone; others were entered when they enrolled. */
async function accountOf(context: AuthContext, device: VerifiedDevice, nowMs: number): Promise<AccountRow> {
  if (device.source === 'pki') {
    const { accountId, displayName } = device;
    const role = context.config.identity.pkiRole;
    // A known account needs no write, which would fail on a full disk.
    const known = await context.accounts.find(accountId);
    if (known) return known;
    await context.accounts.ensure({ accountId, displayName, role, source: 'pki', nowMs });
  }
  const account = await context.accounts.find(device.accountId);
  if (!account) {
    throw new CanopyError('ACCOUNT_UNKNOWN');
  }
  return account;
}
