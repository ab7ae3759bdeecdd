import { numberFromTrunk } from '../../contract/index.ts';
import { trunkOf } from '../dial/index.ts';
import { type IncomingCall, numberOrUser } from '../sip/index.ts';
import { callerParty } from './caller.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';

/** Verifies the number of a trunk's caller, if its settings say so. Returns whether the call goes on. */
export async function verifyCaller(host: CallHost, call: PhoneCall, sip: IncomingCall): Promise<boolean> {
  const config = host.config();
  const trunk = trunkOf(config, sip.identity);
  const settings = trunk?.stirShaken;
  if (!trunk || !settings) {
    return true;
  }
  const digits = (number: string) => {
    const [, found] = /^\+?(\d+)$/.exec(numberFromTrunk(number, trunk.numbers)) ?? [];
    return found;
  };
  const { headers, uri } = sip.request;
  // A caller who withholds its number has it in a field for the trunk alone.
  const party = callerParty({ ...callerOf(sip), withheld: false }, config);
  const { verification, refusal } = await host.verifier.verify(
    {
      identity: headers.all('identity'),
      names: [...headers.all('p-asserted-identity'), ...headers.all('from')],
      caller: party && digits(numberOrUser(party.uri)),
      called: [sip.local.uri, uri].flatMap((each) => digits(numberOrUser(each)) ?? []),
    },
    settings,
  );
  if (call.ended) {
    return false;
  }
  if (verification) {
    call.setVerification(verification);
  }
  if (refusal) {
    const { status, reason } = refusal;
    await call.end('refused', { status, reason }, () => sip.reject(status, { reason }));
    return false;
  }
  return true;
}

function callerOf({ identity, remote, assertedIdentity, withheld }: IncomingCall) {
  // Where From is anonymous, only the asserted identity can be the number that was signed.
  return { identity, remote: withheld ? (assertedIdentity ?? remote) : remote, assertedIdentity };
}
