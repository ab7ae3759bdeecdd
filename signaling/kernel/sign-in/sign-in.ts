import { CanopyError, type Config } from '../../../base/index.ts';
import type { Sfu } from '../../../sfu/index.ts';
import { type TrustStore, type VerifiedDevice, verifyAuthProof } from '../../identity/index.ts';
import type { AccountRow, Accounts, Devices } from '../accounts/index.ts';
import { type Budgets, factorOf } from '../budgets/index.ts';
import type { HappeningNotifier } from '../happenings.ts';
import type { OwnOrigins } from '../http/index.ts';
import type { JoinStage } from '../metrics/index.ts';
import { isConfinedToRooms } from '../policy/index.ts';
import { peerPrincipal, serverRoleOf } from '../principals/index.ts';
import type { Rooms } from '../rooms/index.ts';
import type { Handlers, Session } from '../sockets/index.ts';

export interface SignInContext {
  config: Config;
  accounts: Accounts;
  devices: Pick<Devices, 'seen'>;
  trust: TrustStore;
  budgets: Pick<Budgets, 'connections'>;
  rooms: Pick<Rooms, 'hasSeat'>;
  sfu: Pick<Sfu, 'routerRtpCapabilities'>;
  origins: Pick<OwnOrigins, 'current' | 'forLinks'>;
  happenings: Pick<HappeningNotifier, 'emit'>;
  /** Whether the server is stopping and admits nobody. */
  readonly draining: boolean;
  stage(session: Session, stage: JoinStage): void;
}

export function signInHandlers(context: SignInContext): Handlers<'auth.prove' | 'session.ping'> {
  return {
    'session.ping': async () => ({}),

    'auth.prove': async (session, proof) => {
      if (session.principal) {
        throw new CanopyError('AUTH_DONE');
      }
      const { nonce } = session;
      // Single-use: even after a failure, the next attempt needs a new connection.
      session.nonce = null;
      if (nonce === null) {
        throw new CanopyError('AUTH_BAD_NONCE');
      }
      const nowMs = Date.now();
      const device = await verifyAuthProof(proof, {
        nonce,
        origins: context.origins.current(),
        nowMs,
        clockSkewMs: context.config.identity.clockSkewSeconds * 1000,
        trust: context.trust,
      });
      if (context.draining && !context.rooms.hasSeat(device.deviceId)) {
        throw new CanopyError('SERVER_CLOSING');
      }
      const account = await accountOf(context, device, nowMs).catch((error: unknown) => {
        const known = context.accounts.lastKnown(device.accountId);
        // Calls in progress continue while the store is unavailable. Revocations are in memory.
        if (known && isStoreAway(error) && context.rooms.hasSeat(device.deviceId)) {
          return known;
        }
        throw error;
      });
      context.devices.seen({ ...device, userAgent: session.userAgent, nowMs });
      // No await from here until the session has a principal, so that a concurrent revocation ends it.
      if (context.trust.isRevoked(device)) {
        throw new CanopyError('CERT_REVOKED');
      }
      const holder = {
        device: device.deviceId,
        account: device.accountId,
        ...(account.invitation !== null && { invitation: account.invitation }),
      };
      const chain = proof.chain.map((certificate) => Buffer.from(certificate, 'base64'));
      const principal = peerPrincipal(
        { device, chain, origin: proof.origin },
        { role: account.role, isGateway: account.is_gateway === 1 },
      );
      if (!session.closed) {
        // The connection already counts against the network's budget.
        session.releases.push(context.budgets.connections.take(holder, 1, factorOf(principal)));
      }
      session.holder = { ...session.holder, ...holder };
      session.principal = principal;
      session.log = session.log.child({ accountId: device.accountId, deviceId: device.deviceId });
      context.stage(session, 'authenticated');
      return {
        accountId: device.accountId,
        accountAlias: device.accountAlias,
        deviceId: device.deviceId,
        displayName: device.displayName,
        role: serverRoleOf(principal),
        serverTimeMs: nowMs,
        linkOrigin: context.origins.forLinks(proof.origin),
        routerRtpCapabilities: { ...context.sfu.routerRtpCapabilities },
      };
    },
  };
}

function isStoreAway(error: unknown): boolean {
  return error instanceof CanopyError && ['STORE_UNAVAILABLE', 'STORE_BUSY'].includes(error.code);
}

/** A company's people need only their certificate. Others have had an account since they enrolled. @throws {CanopyError} ACCOUNT_UNKNOWN */
async function accountOf(context: SignInContext, device: VerifiedDevice, nowMs: number): Promise<AccountRow> {
  if (device.source === 'pki') {
    const { accountId, displayName } = device;
    const role = context.config.identity.pkiRole;
    // A known account needs no write, which would fail on a full disk.
    const known = await context.accounts.find(accountId);
    if (known) {
      return known;
    }
    await context.accounts.ensure({ accountId, displayName, role, source: 'pki', nowMs });
    context.happenings.emit('account.created', { accountId, displayName, role });
  }
  const account = await context.accounts.find(device.accountId);
  if (!account) {
    throw new CanopyError('ACCOUNT_UNKNOWN');
  }
  const isStranger = account.source === 'tofu' && isConfinedToRooms(account.role);
  if (isStranger && context.config.identity.policy !== 'tofu') {
    throw new CanopyError('ACCOUNT_UNKNOWN', 'nobody has invited this person, and the policy tofu is off');
  }
  return account;
}
