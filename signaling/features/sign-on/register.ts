import type { Config } from '../../../base/index.ts';
import { defaultPublicUrl, jsonEntry, type Kernel, NetworkRate } from '../../kernel/index.ts';
import { signOnMetrics } from './metrics.ts';
import { Provider } from './provider.ts';
import { type Inviting, SignOn } from './sign-on.ts';
import { SignOnRecords } from './sign-on-records.ts';
import { CALLBACK_PATH, registerSignOnRoutes } from './sign-on-routes.ts';

/** Requests of a sign-on; one takes three. An office that signs on at nine comes from one address. */
const RATE = {
  perNetwork: { perSecond: 1, burst: 120 },
  perServer: { perSecond: 60, burst: 600 },
  busy: 'too many people sign on at once',
};

/** Single sign-on at an OpenID Connect provider, if one is configured. */
export function registerSignOn(kernel: Kernel, inviting: Inviting): void {
  const records = new SignOnRecords(kernel.store);
  const signOn = new SignOn(kernel, records, inviting);
  kernel.enrolling.add((step) => signOn.enrolling(step));
  kernel.exports.ofAccount(async function* (accountId) {
    const people = await records.of(accountId);
    if (people.length > 0) {
      const sinceMs = ({ created_at_ms }: (typeof people)[number]) => Number(created_at_ms);
      yield jsonEntry(
        'sign-on.json',
        people.map((row) => ({ issuer: row.issuer, subject: row.subject, sinceMs: sinceMs(row) })),
      );
    }
  });
  kernel.accountDeleting.add((accountId) => records.forgetAccount(accountId));
  const settings = requiredOf(kernel.config.oidc);
  if (!settings) {
    return;
  }
  const provider = new Provider({
    settings,
    redirectUri: () => `${kernel.publicUrl}${CALLBACK_PATH}`,
    log: kernel.log,
  });
  const onOutcome = signOnMetrics(kernel.registry, () => provider.isKnown);
  registerSignOnRoutes(kernel, { provider, signOn, rate: new NetworkRate(RATE), onOutcome });
  provider.start();
  kernel.closing.add(() => provider.close());
  signOn.resume().catch((error: unknown) => {
    kernel.log.error(
      { err: error },
      'could not complete the replacement of an account; trying again at the next start',
    );
  });
}

/** Asks the configured provider for its description. Undefined: none is configured. @throws {CanopyError} SIGN_ON_UNAVAILABLE, CONFIG_INVALID */
export async function probeSignOn({
  oidc,
  server,
}: Config): Promise<{ issuer: string; redirectUri: string } | undefined> {
  const settings = requiredOf(oidc);
  if (!settings) {
    return undefined;
  }
  const redirectUri = `${server.publicUrl ?? defaultPublicUrl(server.port)}${CALLBACK_PATH}`;
  await new Provider({ settings, redirectUri: () => redirectUri }).check();
  return { issuer: settings.issuer, redirectUri };
}

function requiredOf(
  settings: Config['oidc'],
): (Config['oidc'] & { issuer: string; clientId: string }) | undefined {
  const { issuer, clientId } = settings;
  return issuer === undefined || clientId === undefined ? undefined : { ...settings, issuer, clientId };
}
