import { Counter, Gauge, type Registry } from 'prom-client';
import type { SignOnOutcome } from './sign-on-routes.ts';

/** Registers the metrics of sign-ons. `isKnown`: whether the provider's description could be fetched. */
export function signOnMetrics(
  registry: Registry,
  isKnown: () => boolean = () => false,
): (outcome: SignOnOutcome) => void {
  new Gauge({
    name: 'canopy_sign_on_provider_known',
    help: 'Whether the description of the sign-on provider could be fetched: 1 or 0. Absent without `oidc.issuer`.',
    registers: [registry],
    collect() {
      this.set(isKnown() ? 1 : 0);
    },
  });
  const outcomes = new Counter({
    name: 'canopy_sign_ons_total',
    help: 'Single sign-ons by outcome: admitted (a new account may enrol), known (the person has an account here), failed.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return (outcome) => outcomes.inc({ outcome });
}
