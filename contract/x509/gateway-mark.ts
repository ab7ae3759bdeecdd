import type { Certificate } from './certificate.ts';

/** The organizational unit of the phone gateway's account. The deployment's CA certifies no other account with one. */
export const GATEWAY_UNIT = 'Phone gateway';

/** Whether an account that the deployment's CA has certified is that of the phone gateway. */
export function isGatewayAccount({ subjectUnit }: Pick<Certificate, 'subjectUnit'>): boolean {
  return subjectUnit === GATEWAY_UNIT;
}
